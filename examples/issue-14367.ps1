# The steps of https://github.com/openai/codex/issues/14367, with its configuration:
# workspace-write, network off, the elevated sandbox. There the session showed all of
# this, and the second way to a start ran as the user, on the network, without a line
# in the log.
#
#   powershell -ExecutionPolicy Bypass -File examples\issue-14367.ps1 [-Lockstile PATH]
#
# It ends with 0 where every way to a start is confined, or refused, alike: what it
# prints then is in issue-14367.expected.txt.
param([string]$Lockstile = "lockstile.exe")

$ErrorActionPreference = "Stop"
$settings = @(
    "--sandbox", "workspace-write",
    "-c", "approval_policy='never'",
    "-c", "sandbox_workspace_write.network_access=false",
    "-c", "windows.sandbox='elevated'"
)
$product = if ($env:LOCKSTILE_HOME) { $env:LOCKSTILE_HOME } else { Join-Path $HOME ".lockstile" }
$log = Join-Path $product "sandbox.log"
$workspace = New-Item -ItemType Directory (Join-Path ([IO.Path]::GetTempPath()) ("lockstile-" + [Guid]::NewGuid().ToString("N")))
$me = (whoami).Trim()
$bad = 0

function Lines { if (Test-Path $log) { @(Get-Content $log).Count } else { 0 } }

function Try-It([string]$name, [string]$way, [string[]]$command) {
    $before = Lines
    $ErrorActionPreference = "Continue"
    $out = (& $Lockstile run @settings $way -C $workspace.FullName -- @command 2>&1 | Out-String).Trim()
    $code = $LASTEXITCODE
    $ErrorActionPreference = "Stop"
    $logged = (Lines) -gt $before
    if ($code -eq 126) { $what = "refused" }
    elseif ($out -match [regex]::Escape($me)) { $what = "RAN AS $me" }
    else { $what = "confined" }
    if ($what -cmatch "RAN" -or -not $logged) { $script:bad++ }
    "{0,-28} {1,-10} in the log: {2}" -f $name, $what, $(if ($logged) { "yes" } else { "NO" })
    if ($code -eq 126) { "    " + ($out -split "`n")[0].Trim() }
}

foreach ($way in "--tty=false", "--tty") {
    Try-It "whoami, $way" $way @("whoami")
    Try-It "the network, $way" $way @("powershell", "-NoProfile", "-Command", "try { (New-Object Net.Sockets.TcpClient).Connect('1.1.1.1', 443); whoami } catch { 'no network' }")
}
Remove-Item -Recurse -Force $workspace
if ($bad -gt 0) { "NOT HELD: $bad"; exit 1 }
"held"
