/**
 * The text of a systemd unit that keeps a config's connections alive.
 */
import { exitCodes, type ExitName } from "../exitCodes.ts"

/** What differs from unit to unit. */
export interface UnitOptions {
  /** For `systemctl`; a name of a config. */
  readonly name: string
  /** The program and its arguments, absolute. */
  readonly command: ReadonlyArray<string>
  /** A unit of one user's manager rather than of the system. */
  readonly user: boolean
}

/** Ends that starting again cannot mend: a person has to do something first. */
const fatal: ReadonlyArray<ExitName> = ["usage", "refused", "badHandshake", "tls", "config"]

/** How long silence may last before systemd kills and restarts the service, seconds. */
const watchdog = 30

/** The unit, to be written to a file. */
export const unit = ({ command, name, user }: UnitOptions): string =>
  `# Made by holdfast unit.
[Unit]
Description=Holdfast: the WebSocket connections of ${percent(name)}
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
# The words to systemd go through systemd-notify, which is a process of its own.
NotifyAccess=all
ExecStart=${command.map(quote).join(" ")}
ExecReload=kill -HUP $MAINPID
# A server that is down when we begin is dialled until it is there; that is no reason to be killed.
TimeoutStartSec=infinity
# Connections are closed in good order within 8 s.
TimeoutStopSec=10
KillMode=mixed
WatchdogSec=${watchdog}
Restart=on-failure
RestartSec=5
# ${fatal.join(", ")}: starting again would not help
RestartPreventExitStatus=${fatal.map((exit) => exitCodes[exit]).join(" ")}
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=full

[Install]
WantedBy=${user ? "default.target" : "multi-user.target"}
`

/** As systemd.service(5) wants an argument: quoted where need be, with nothing for it to expand. */
const quote = (word: string): string => {
  const literal = percent(word).replaceAll("$", "$$$$")
  return /^[\w@%+=:,./$-]+$/.test(literal)
    ? literal
    : `"${literal.replaceAll("\\", "\\\\").replaceAll("\"", "\\\"").replaceAll("\n", "\\n")}"`
}

const percent = (text: string): string => text.replaceAll("%", "%%")
