//! Jobs in the formats of other schedulers: crontab lines, systemd units, a launchd agent, Airflow DAGs. Where they are
//! installed is in `install`.

use std::fmt::Write as _;

use anyhow::Result;

use super::super::context::quoted;
use super::super::language::local;
use super::place::Place;
use crate::spec::Fields;
use crate::world::Misuse;

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// Airflow DAGs, with placeholders for the folder, binary and jobs.
const DAGS: &str = include_str!("../airflow.py");

/// A systemd unit file.
#[derive(Debug)]
pub(super) struct UnitFile {
    pub(super) name: String,
    pub(super) text: String,
}

/// The lines of a crontab.
pub(super) fn cron(place: &Place) -> Result<String> {
    let hours = local(
        "Times are in Shanghai time; a cron without support for CRON_TZ, such as Debian's, reads them as local time.",
    );
    let mut out = format!("# pitlake. {hours}\n");
    let mut line = |text: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{text}");
    };
    line(format!("PATH={}", place.search));
    line("CRON_TZ=Asia/Shanghai".to_owned());
    for (name, value) in place.variables() {
        line(format!("{name}={value}"));
    }
    let named = place.program.file_name().is_some_and(|name| name == "pitlake");
    let program = if named { "pitlake".to_owned() } else { place.program.display().to_string() };
    for run in &place.runs {
        let words = place.command(&program, "run", &run.jobs);
        let words = words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
        let folder = quoted(&place.folder.display().to_string());
        let command = format!("cd {folder} && {words} >> run.log 2>&1");
        if command.contains('\n') {
            return Err(Misuse("a crontab cannot contain a path with a line break".into()).into());
        }
        // In a crontab, `%` ends the command.
        line(format!("{} {}", run.schedule.text(), command.replace('%', "\\%")));
    }
    Ok(out)
}

/// A service and a timer per schedule.
pub(super) fn systemd(place: &Place) -> Result<Vec<UnitFile>> {
    let mut units = Vec::new();
    for run in &place.runs {
        let jobs = run.jobs.join(" ");
        let name = format!("pitlake-{}-{}", place.name(), run.jobs.first().map_or("", String::as_str));
        let mark = mark(place);
        let words = place.command(&place.program.display().to_string(), "run", &run.jobs);
        let words = words.iter().map(|word| systemd_word(word)).collect::<Result<Vec<_>>>()?.join(" ");
        let mut environment = format!("Environment=PATH={}\n", escaped(&place.search));
        for (name, value) in place.variables() {
            let _ = writeln!(environment, "Environment={}", systemd_word(&format!("{name}={value}"))?);
        }
        let folder = escaped(&place.folder.display().to_string());
        let service = format!(
            "{mark}# ~/.config/systemd/user/{name}.service\n\
             [Unit]\n\
             Description=pitlake run {jobs}\n\
             StartLimitIntervalSec=6h\n\
             StartLimitBurst=6\n\n\
             [Service]\n\
             Type=oneshot\n\
             WorkingDirectory={folder}\n\
             {environment}\
             ExecStart={words}\n\
             # What is late or left to do is tried again; what needs a hand is not.\n\
             Restart=on-failure\n\
             RestartSec=30min\n\
             RestartPreventExitStatus=2 4 5 6\n\
             SuccessExitStatus=129 130 143\n"
        );
        let calendar = lines(calendar(&run.fields).iter().map(|time| format!("OnCalendar={time}")));
        let timer = format!(
            "{mark}# ~/.config/systemd/user/{name}.timer\n\
             [Unit]\n\
             Description=pitlake run {jobs}\n\n\
             [Timer]\n\
             {calendar}\
             Persistent=true\n\n\
             [Install]\n\
             WantedBy=timers.target\n"
        );
        units.push(UnitFile { name: format!("{name}.service"), text: service });
        units.push(UnitFile { name: format!("{name}.timer"), text: timer });
    }
    Ok(units)
}

/// Joins texts, each on its own line.
pub(super) fn lines(texts: impl IntoIterator<Item = String>) -> String {
    texts.into_iter().flat_map(|text| [text, "\n".to_owned()]).collect()
}

/// The line that marks files as belonging to this place.
pub(super) fn mark(place: &Place) -> String {
    format!("# Written by `pitlake schedule` for {}\n", place.folder.display())
}

fn systemd_word(word: &str) -> Result<String> {
    if word.contains(['\n', '"', '\\']) {
        return Err(Misuse(format!("`{word}` contains a character that systemd does not accept")).into());
    }
    let word = escaped(word);
    Ok(if word.contains([' ', '\'', ';', '#']) { format!("\"{word}\"") } else { word })
}

/// Escapes `%`, which begins a specifier.
fn escaped(text: &str) -> String {
    text.replace('%', "%%")
}

/// The times of a schedule. Cron's two kinds of day become two entries, because either may match.
fn calendar(fields: &Fields) -> Vec<String> {
    let Fields { minutes, hours, days, months, weekdays } = fields;
    let list = |values: &Option<Vec<u16>>| {
        let Some(values) = values else { return "*".to_owned() };
        values.iter().map(|value| format!("{value:02}")).collect::<Vec<_>>().join(",")
    };
    let time = format!("{}:{}:00 Asia/Shanghai", list(hours), list(minutes));
    let by_day = || format!("*-{}-{} {time}", list(months), list(days));
    let by_weekday = |weekdays: &[u16]| {
        let names: Vec<&str> = weekdays.iter().filter_map(|day| WEEKDAYS.get(usize::from(*day)).copied()).collect();
        let names = if names == WEEKDAYS[1..6] { "Mon..Fri".to_owned() } else { names.join(",") };
        format!("{names} *-{}-* {time}", list(months))
    };
    match (days, weekdays) {
        (_, None) => vec![by_day()],
        (None, Some(weekdays)) => vec![by_weekday(weekdays)],
        (Some(_), Some(weekdays)) => vec![by_day(), by_weekday(weekdays)],
    }
}

/// A launchd agent that keeps `pitlake schedule` running, because launchd only knows local time.
pub(super) fn launchd(place: &Place) -> String {
    let label = format!("pitlake.{}", place.name());
    let text = |value: &str| {
        let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        format!("<string>{value}</string>")
    };
    let words = place.command(&place.program.display().to_string(), "schedule", &place.named);
    let words = lines(words.iter().map(|word| format!("    {}", text(word))));
    let variables = std::iter::once(("PATH".to_owned(), place.search.clone())).chain(place.variables().cloned());
    let variables = lines(variables.map(|(name, value)| format!("    <key>{name}</key>{}", text(&value))));
    let folder = place.folder.display().to_string();
    let log = text(&place.folder.join("run.log").display().to_string());
    let folder = text(&folder);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <!-- Save as ~/Library/LaunchAgents/{label}.plist, then: launchctl load ~/Library/LaunchAgents/{label}.plist\n     \
         launchd knows no time zones, so it keeps `pitlake schedule` running, which has Shanghai's hours. -->\n\
         <plist version=\"1.0\">\n\
         <dict>\n  \
         <key>Label</key>{}\n  \
         <key>ProgramArguments</key>\n  <array>\n{words}  </array>\n  \
         <key>WorkingDirectory</key>{folder}\n  \
         <key>EnvironmentVariables</key>\n  <dict>\n{variables}  </dict>\n  \
         <key>RunAtLoad</key><true/>\n  \
         <key>KeepAlive</key><true/>\n  \
         <key>StandardOutPath</key>{log}\n  \
         <key>StandardErrorPath</key>{log}\n\
         </dict>\n\
         </plist>\n",
        text(&label)
    )
}

/// The DAGs for this folder, binary and jobs.
pub(super) fn airflow(place: &Place) -> Result<String> {
    if !place.options.is_empty() {
        let message = "the DAGs run pitlake in the folder of jobs.toml: print them there, without --config and --lake";
        return Err(Misuse(message.into()).into());
    }
    // A JSON string is also a Python string.
    let text = |value: &str| serde_json::to_string(value);
    let folder = text(&place.folder.display().to_string())?;
    let program = text(&place.program.display().to_string())?;
    let mut jobs = String::new();
    let mut trading_days = Vec::new();
    for run in &place.runs {
        for job in &run.jobs {
            let job = text(job)?;
            let _ = writeln!(jobs, "    {job}: {},", text(run.schedule.text())?);
            if run.schedule.is_of_weekdays() {
                trading_days.push(job);
            }
        }
    }
    let mut out = String::new();
    let mut is_job = false;
    for line in DAGS.lines() {
        let set = |name: &str| line.starts_with(name).then(|| line.find("  #").map_or("", |at| &line[at..]));
        if let Some(comment) = set("FOLDER = ") {
            let _ = writeln!(out, "FOLDER = {folder}{comment}");
        } else if let Some(comment) = set("PITLAKE = ") {
            let _ = writeln!(out, "PITLAKE = {program}{comment}");
        } else if let Some(comment) = set("TRADING_DAYS = ") {
            let _ = writeln!(out, "TRADING_DAYS = [{}]{comment}", trading_days.join(", "));
        } else if line == "JOBS = {" {
            is_job = true;
            let _ = write!(out, "{line}\n{jobs}");
        } else if !is_job || line == "}" {
            is_job = false;
            let _ = writeln!(out, "{line}");
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::schedule::place::ScheduledRun;
    use crate::spec::Schedule;

    fn place(folder: &str, runs: &[(&str, &[&str])]) -> Place {
        let run = |(schedule, jobs): &(&str, &[&str])| {
            let schedule = Schedule::parse(schedule).unwrap();
            let jobs = jobs.iter().map(|job| (*job).to_owned()).collect();
            ScheduledRun { fields: schedule.fields().unwrap(), schedule, jobs }
        };
        Place {
            program: "/usr/local/bin/pitlake".into(),
            folder: folder.into(),
            search: "/usr/local/bin:/usr/bin:/bin".into(),
            options: Vec::new(),
            tokens: vec![("TUSHARE_TOKEN_FILE".into(), "/home/me/.config/pitlake/tushare.token".into())],
            addresses: vec![("TUSHARE_BASE_URL".into(), "http://127.0.0.1:8711".into())],
            home: None,
            named: Vec::new(),
            runs: runs.iter().map(run).collect(),
        }
    }

    #[test]
    fn cron_lines_have_zone_path_and_token() {
        let place =
            place("/srv/my lake%", &[("30 20 * * 1-5", &["market", "market_5000"]), ("0 8 * * 6", &["weekly"])]);
        let text = cron(&place).unwrap();
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "PATH=/usr/local/bin:/usr/bin:/bin",
                "CRON_TZ=Asia/Shanghai",
                "TUSHARE_TOKEN_FILE=/home/me/.config/pitlake/tushare.token",
                "TUSHARE_BASE_URL=http://127.0.0.1:8711",
                "30 20 * * 1-5 cd '/srv/my lake\\%' && pitlake run market market_5000 >> run.log 2>&1",
                "0 8 * * 6 cd '/srv/my lake\\%' && pitlake run weekly >> run.log 2>&1",
            ]
        );
    }

    #[test]
    fn systemd_has_a_service_and_a_timer_in_shanghai_time() {
        let place = place("/srv/my lake", &[("30 20 * * 1-5", &["market"])]);
        let [service, timer] = &systemd(&place).unwrap()[..] else { panic!("two files") };
        assert_eq!(
            (service.name.as_str(), timer.name.as_str()),
            ("pitlake-my_lake-market.service", "pitlake-my_lake-market.timer")
        );
        for line in [
            "WorkingDirectory=/srv/my lake",
            "Environment=TUSHARE_TOKEN_FILE=/home/me/.config/pitlake/tushare.token",
            "Environment=TUSHARE_BASE_URL=http://127.0.0.1:8711",
            "ExecStart=/usr/local/bin/pitlake run market",
            "RestartPreventExitStatus=2 4 5 6",
        ] {
            assert!(service.text.lines().any(|other| other == line), "{line}\n{}", service.text);
        }
        assert!(
            timer.text.contains("\nOnCalendar=Mon..Fri *-*-* 20:30:00 Asia/Shanghai\nPersistent=true\n"),
            "{}",
            timer.text
        );
    }

    #[test]
    fn times_of_systemd_are_those_of_cron() {
        let times = |text: &str| calendar(&Schedule::parse(text).unwrap().fields().unwrap());
        assert_eq!(times("*/30 8,20 * * *"), ["*-*-* 08,20:00,30:00 Asia/Shanghai"]);
        assert_eq!(times("0 8 * 1-3 6,0"), ["Sun,Sat *-01,02,03-* 08:00:00 Asia/Shanghai"]);
        assert_eq!(times("0 8 1 * 1"), ["*-*-01 08:00:00 Asia/Shanghai", "Mon *-*-* 08:00:00 Asia/Shanghai"]);
    }

    #[test]
    fn the_dags_have_folder_binary_and_jobs() {
        let text = airflow(&place("/srv/a \"lake\"", &[("0 8 * * 6", &["one", "two"])])).unwrap();
        let of = |from: &str, to: &str| text.split(from).nth(1).unwrap().split(to).next().unwrap().to_owned();
        assert_eq!(of("\nFOLDER = ", "  #"), "\"/srv/a \\\"lake\\\"\"");
        assert_eq!(of("\nPITLAKE = ", "  #"), "\"/usr/local/bin/pitlake\"");
        assert_eq!(of("\nJOBS = {\n", "}\n"), "    \"one\": \"0 8 * * 6\",\n    \"two\": \"0 8 * * 6\",\n");
        assert!(text.contains("\nTRADING_DAYS = []  #"), "{text}");
        let text = airflow(&place("/srv", &[("30 20 * * Mon-Fri", &["a", "b"]), ("0 8 * * 6", &["c"])])).unwrap();
        assert!(text.contains("\nTRADING_DAYS = [\"a\", \"b\"]  #"), "{text}");
        let text = airflow(&place("/srv/a", &[("0 8 * * 6", &["one", "two"])])).unwrap();
        let others = |text: &str| text.lines().filter(|line| !line.starts_with("    \"")).count();
        assert_eq!(others(&text), others(DAGS));
    }

    #[test]
    fn launchd_keeps_the_schedule_running() {
        let text = launchd(&place("/srv/a&b", &[("30 20 * * 1-5", &["market"])]));
        for part in
            ["<string>pitlake.a_b</string>", "<string>schedule</string>", "<string>/srv/a&amp;b</string>", "KeepAlive"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        for tag in ["dict", "array", "plist", "string"] {
            let count = |tag: &str| text.matches(tag).count();
            assert_eq!(count(&format!("<{tag}>")) + count(&format!("<{tag} ")), count(&format!("</{tag}>")), "{tag}");
        }
    }
}
