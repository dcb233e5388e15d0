package obstacle

// translated has the texts of the C library's errors in the languages that most
// distributions install. Programs print the texts if LANG or LANGUAGE says so. The texts
// are in lower case as far as ASCII goes.
var translated = [...]spelling{
	{signReadOnly, []string{ // EROFS
		"systém souborů je pouze pro čtení", "filsystem med kun læseadgang", "das dateisystem ist nur lesbar", "sistema de ficheros de sólo lectura",
		"kirjoitussuojattu tiedostojärjestelmä", "système de fichiers accessible en lecture seulement", "Írásvédett fájlrendszer",
		"file system in sola lettura", "読み込み専用ファイルシステムです", "읽기전용 파일 시스템", "bestandssysteem is alleen-lezen", "system plików wyłącznie do odczytu",
		"sistema de ficheiros só de leitura", "sistema de arquivos somente para leitura", "Файловая система доступна только для чтения",
		"skrivskyddat filsystem", "salt-okunur dosya sistemi", "Файлова система тільки для зчитування", "只读文件系统", "唯讀的檔案系統",
	}},
	{signDevices, []string{ // EXDEV
		"odkaz mezi zařízeními není přípustný", "ugyldig lænke over adskilte enheder", "ungültiger link über gerätegrenzen hinweg",
		"enlace cruzado entre dispositivos no permitido", "virheellinen laitteiden välinen linkki", "lien physique inter-périphérique invalide",
		"Érvénytelen eszközközi link", "collegamento tra dispositivi non valido", "無効なクロスデバイスリンクです", "부적절한 장치간 연결", "ongeldige koppeling tussen apparaten",
		"błędne dowiązanie między urządzeniami", "ligação entre dispositivos inválida", "link entre dispositivos inválido",
		"Неверная ссылка между устройствами", "ogiltig länk över skilda enheter", "karşı aygıta bağ geçersiz",
		"Некоректне перехресне посилання на пристрій", "无效的跨设备链接", "不適用的裝置間連結",
	}},
	{signBusy, []string{ // EBUSY
		"zařízení nebo zdroj jsou používány", "enheden eller ressourcen optaget", "das gerät oder die ressource ist belegt",
		"dispositivo o recurso ocupado", "laite tai resurssi varattu", "périphérique ou ressource occupé", "az eszköz vagy erőforrás foglalt",
		"dispositivo o risorsa occupata", "デバイスもしくはリソースがビジー状態です", "장치나 자원이 동작 중", "apparaat of hulpbron is bezig", "urządzenie lub zasoby zajęte",
		"dispositivo ou recurso ocupado", "dispositivo ou recurso está ocupado", "Устройство или ресурс занято", "enhet eller resurs upptagen",
		"aygıt ya da özkaynak meşgul", "Пристрій або ресурс зайнято", "设备或资源忙", "裝置或系統資源忙碌中",
	}},
	{signUnknown, []string{ // names and ENETUNREACH
		"dočasná chyba při vyhodnocování jména", "neznámé jméno nebo služba", "síť není dostupná", "midlertidig fejl i navneopslag",
		"navn eller tjeneste ukendt", "netværket er ikke tilgængeligt", "temporärer fehler bei der namensauflösung",
		"der name oder der dienst ist nicht bekannt", "das netzwerk ist nicht erreichbar", "fallo temporal en la resolución del nombre",
		"nombre o servicio desconocido", "la red es inaccesible", "tilapäinen virhe nimenselvityksessä", "nimeä tai palvelua ei tunneta",
		"verkkoa ei tavoiteta", "Échec temporaire dans la résolution du nom", "nom ou service inconnu", "le réseau n'est pas accessible",
		"Átmeneti névfeloldási hiba", "a név vagy a szolgáltatás nem ismert", "a hálózat elérhetetlen", "errore temporaneo nella risoluzione del nome",
		"nome o servizio sconosciuto", "la rete non è raggiungibile", "名前解決に一時的に失敗しました", "名前またはサービスが不明です", "ネットワークに届きません", "name resolution에서 일시적인 실패",
		"이름 혹은 서비스를 알 수 없습니다", "네트워크가 접근 불가능합니다", "tijdelijk probleem in naamsherleiding", "naam of dienst is niet bekend", "netwerk is onbereikbaar",
		"odwzorowanie nazwy jest chwilowo niemożliwe", "ta nazwa lub usługa jest nieznana", "sieć jest niedostępna",
		"falha temporária na resolução de nome", "nome ou serviço desconhecidos", "rede inacessível", "falha temporário na resolução de nome",
		"nome ou serviço desconhecido", "a rede está fora de alcance", "Временный сбой в разрешении имен", "Неизвестное имя или служба", "Сеть недоступна",
		"namnuppslagning misslyckades temporärt", "namn eller tjänst okänd", "nätverket kan inte nås", "İsim çözünürlüğünde geçici başarısızlık",
		"İsim ya da servis bilinmiyor", "ağ erişilebilir durumda değil", "Тимчасова помилка розв'язання назв", "Невідома назва чи сервіс",
		"Не вдалося отримати доступ до мережі", "域名解析暂时失败", "未知的名称或服务", "网络不可达", "解析名稱時發生暫時性錯誤", "名稱或服務未知", "無法接觸網路",
	}},
	{signRefused, []string{ // ECONNREFUSED
		"spojení odmítnuto", "opkobling nægtet", "verbindungsaufbau abgelehnt", "conexión rehusada", "yhteys torjuttu", "connexion refusée",
		"kapcsolat elutasítva", "connessione rifiutata", "接続を拒否されました", "연결이 거부됨", "verbinding is geweigerd", "połączenie odrzucone", "ligação recusada",
		"conexão recusada", "В соединении отказано", "förbindelsen förvägrad", "bağlantı reddedildi", "У з'єднанні відмовлено", "拒绝连接", "連線被拒絕",
	}},
	{signDenied, []string{ // EACCES
		"operace zamítnuta", "adgang nægtet", "keine berechtigung", "permiso denegado", "lupa evätty", "permission non accordée", "engedély megtagadva",
		"permesso negato", "許可がありません", "허가 거부", "toegang geweigerd", "brak dostępu", "permissão recusada", "permissão negada", "Отказано в доступе",
		"Åtkomst nekas", "erişim engellendi", "Відмовлено у доступі", "权限不够", "拒絕不符權限的操作",
	}},
	{signForbidden, []string{ // EPERM
		"operace není povolena", "operationen er ikke tilladt", "die operation ist nicht erlaubt", "operación no permitida", "toiminto ei ole sallittu",
		"opération non permise", "a művelet nem engedélyezett", "operazione non permessa", "許可されていない操作です", "명령을 허용하지 않음", "actie is niet toegestaan",
		"operacja niedozwolona", "operação não permitida", "Операция не позволена", "operationen inte tillåten", "İşleme izin verilmedi", "Дію заборонено",
		"不允许的操作", "此項操作並不被允許",
	}},
	{signAbsent, []string{ // ENOENT
		"adresář nebo soubor neexistuje", "ingen sådan fil eller filkatalog", "datei oder verzeichnis nicht gefunden",
		"no existe el fichero o el directorio", "tiedostoa tai hakemistoa ei ole", "aucun fichier ou dossier de ce type", "nincs ilyen fájl vagy könyvtár",
		"file o directory non esistente", "そのようなファイルやディレクトリはありません", "그런 파일이나 디렉터리가 없습니다", "bestand of map bestaat niet",
		"nie ma takiego pliku ani katalogu", "ficheiro ou pasta inexistente", "arquivo ou diretório inexistente", "Нет такого файла или каталога",
		"filen eller katalogen finns inte", "böyle bir dosya ya da dizin yok", "Немає такого файла або каталогу", "没有那个文件或目录", "沒有此一檔案或目錄",
	}},
	{signProcess, []string{ // ESRCH
		"tento proces neexistuje", "ingen sådan proces", "kein passender prozess gefunden", "no existe el proceso", "prosessia ei ole",
		"aucun processus de ce type", "nincs ilyen folyamat", "nessun processo corrisponde", "そのようなプロセスはありません", "그런 프로세스가 없음", "proces bestaat niet",
		"nie ma takiego procesu", "processo inexistente", "Нет такого процесса", "processen finns inte", "böyle bir süreç yok", "Немає такого процесу",
		"没有那个进程", "沒有此一程序",
	}},
	{signOwner, []string{ // EINVAL
		"nepřípustný argument", "ugyldigt argument", "das argument ist ungültig", "argumento inválido", "virheellinen argumentti", "argument invalide",
		"Érvénytelen argumentum", "argomento non valido", "無効な引数です", "부적절한 인수", "ongeldig argument", "zły argument", "Недопустимый аргумент",
		"ogiltigt argument", "geçersiz argüman", "Некоректний аргумент", "无效的参数", "不適用的引數",
	}},
}
