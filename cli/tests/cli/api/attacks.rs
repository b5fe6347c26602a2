//! What somebody sends to take the service away from others: its memory, its connections, its time.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::surface::{Surface, address, row};
use crate::coalition;
use crate::support::{SOON, Started, eventually, run, text, waybill};

/// What the composed service may use, in KiB.
pub(super) const ROOM: u64 = 512 * 1024;

/// The most memory that the process `service` has used so far, in KiB.
pub(super) fn most_memory(service: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{service}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

/// A workbook of one sheet, with these shared strings.
fn workbook(
    sheet: impl Fn(&mut dyn std::io::Write) -> Result<()>,
    strings: &[u8],
    times: usize,
) -> Result<Vec<u8>> {
    const TYPES: &str =
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>";
    const RELATIONS: &str = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
        <Relationship Id=\"r1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" \
        Target=\"worksheets/sheet1.xml\"/></Relationships>";
    const BOOK: &str = "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
        xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\">\
        <sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>";
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    for (name, content) in [
        ("[Content_Types].xml", TYPES),
        ("xl/_rels/workbook.xml.rels", RELATIONS),
        ("xl/workbook.xml", BOOK),
    ] {
        zip.start_file(name, options)?;
        zip.write_all(content.as_bytes())?;
    }
    zip.start_file("xl/worksheets/sheet1.xml", options)?;
    zip.write_all(b"<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>")?;
    sheet(&mut zip)?;
    zip.write_all(b"</sheetData></worksheet>")?;
    zip.start_file("xl/sharedStrings.xml", options)?;
    // What it claims to hold stands at its beginning.
    let claim =
        if strings.starts_with(b"</sst>") { " uniqueCount=\"10000000000000000\"" } else { "" };
    write!(
        zip,
        "<sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"{claim}>"
    )?;
    for _ in 0..times {
        zip.write_all(strings)?;
    }
    zip.write_all(b"</sst>")?;
    Ok(zip.finish()?.into_inner())
}

/// The letters of a column.
fn column(mut n: usize) -> String {
    let mut letters = String::new();
    loop {
        letters.insert(0, char::from(b'A' + (n % 26) as u8));
        if n < 26 {
            return letters;
        }
        n = n / 26 - 1;
    }
}

fn list(first: &str, other: &str, times: usize) -> Vec<u8> {
    format!("[{first}{}]", format!(",{other}").repeat(times)).into_bytes()
}

/// Bodies that are small, or as large as is read, and hold much more; with their types.
pub(super) fn bodies() -> Result<Vec<(&'static str, &'static str, Vec<u8>)>> {
    const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let wide: String = (0..255).map(|n| format!("\"c{n}\":1,")).collect();
    let one = b"<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>";
    let cell = |zip: &mut dyn std::io::Write| Ok(zip.write_all(one)?);
    let rows = |zip: &mut dyn std::io::Write| {
        for n in 1..=280_000 {
            zip.write_all(format!("<row r=\"{n}\"><c r=\"IV{n}\"><v>1</v></c></row>").as_bytes())?;
        }
        Ok(())
    };
    let megabyte = "a".repeat(1024 * 1024);
    let wide_row = |zip: &mut dyn std::io::Write| {
        zip.write_all(b"<row r=\"1\">")?;
        for n in 0..16_000 {
            zip.write_all(format!("<c r=\"{}1\" t=\"s\"><v>0</v></c>", column(n)).as_bytes())?;
        }
        Ok(zip.write_all(b"</row>")?)
    };
    let claim = b"</sst><sst uniqueCount=\"10000000000000000\">";
    let header = "external_id,requester,item,kind,classification,quantity,unit,unit_estimate,currency,\
        class,rank,requested,consignee\n";
    let full = row("W-1", "REQ", 1).to_string();
    let twice = format!("{{{}\"z\":1}}", "\"a\":1,".repeat(5_000_000));
    let said = "x,,,,,,,,,,,,\n".repeat(2_000_000);
    Ok(vec![
        (
            "a wide row, and many",
            "application/json",
            list(&format!("{{{wide}\"z\":1}}"), "{\"z\":1}", 600_000),
        ),
        ("a full row, and many empty ones", "application/json", list(&full, "{}", 8_000_000)),
        ("one key again and again", "application/json", list(&twice, "{}", 1)),
        ("deep", "application/json", vec![b'['; 30 << 20]),
        (
            "a long text",
            "application/json",
            format!("[{{\"item\":\"{}\"}}]", megabyte.repeat(30)).into_bytes(),
        ),
        (
            "lines of wide rows",
            "application/x-ndjson",
            format!("{{{wide}\"z\":1}}\n{}", "{\"z\":1}\n".repeat(600_000)).into_bytes(),
        ),
        ("nearly empty rows", "text/csv", format!("{header}{said}").into_bytes()),
        (
            "wrong rows",
            "text/csv",
            format!("{header}{}", "x,y,z,a,b,c,d,e,f,g,h,i,j\n".repeat(1_000_000)).into_bytes(),
        ),
        (
            "one text of 256 MiB",
            XLSX,
            workbook(cell, format!("<si><t>{megabyte}").as_bytes(), 256)?,
        ),
        ("many texts", XLSX, workbook(cell, "<si><t/></si>".repeat(1000).as_bytes(), 15_000)?),
        (
            "many long texts",
            XLSX,
            workbook(cell, format!("<si><t>{}</t></si>", &megabyte[..30_000]).as_bytes(), 5000)?,
        ),
        (
            "one long text in many cells",
            XLSX,
            workbook(wide_row, format!("<si><t>{}</t></si>", &megabyte[..500_000]).as_bytes(), 1)?,
        ),
        ("a claim of many texts", XLSX, workbook(cell, claim, 1)?),
        ("rows in the last column", XLSX, workbook(rows, b"", 0)?),
    ])
}

#[test]
fn no_body_takes_more_memory_than_the_service_has() -> Result<()> {
    let surface = Surface::open(1)?;
    let requester = surface.token("requester", "REQ")?;
    for (what, kind, body) in bodies()? {
        ensure!(body.len() <= 32 << 20, "{what} has {} bytes", body.len());
        for dry in ["", "?partial=true"] {
            let request = surface.request("POST", &format!("/v1/requisitions{dry}"))?;
            let request = request.bearer_auth(&requester).header("content-type", kind);
            let answer = surface.send(request.body(body.clone()))?;
            ensure!([400, 413, 422].contains(&answer.status), "{what}: {}", answer.status);
            let (size, used) = (answer.text.len(), most_memory(surface.secretariat.service.id())?);
            ensure!(size < 1 << 20, "{what}: the answer has {size} bytes");
            ensure!(used < ROOM, "{what}: {used} KiB were used");
        }
    }
    // What is no file is bounded closer.
    let operator = surface.token("operator", "")?;
    let much = json!({"file": "x", "lines": [], "how": {"ours": vec![""; 3_500_000]}});
    for (path, body) in [
        ("/v1/imports", much),
        ("/v1/documents", json!({"number": "x".repeat(2 << 20)})),
        ("/v1/commands", json!({"reason": "x".repeat(2 << 20)})),
    ] {
        match surface.post(&operator, path, &body) {
            Ok(answer) => ensure!([200, 413, 422].contains(&answer.status), "{path}: {answer:?}"),
            // The service may hang up before all of it was sent.
            Err(error) => ensure!(format!("{error:#}").contains("error sending"), "{error:#}"),
        }
    }
    let many: Vec<_> = (0..10_001).map(|n| row(&format!("M-{n}"), "REQ", 1)).collect();
    let answer = surface.post(&requester, "/v1/requisitions", &json!(many))?;
    answer.problem(413, "too_large", &["more than 10000 rows", "the parts"])?;
    let used = most_memory(surface.secretariat.service.id())?;
    ensure!(used < ROOM, "{used} KiB were used");
    surface.get(&requester, "/v1/me")?.is(200)?;
    Ok(())
}

#[test]
fn of_many_bad_rows_the_first_hundred_are_told() -> Result<()> {
    let surface = Surface::open(1)?;
    let requester = surface.token("requester", "REQ")?;
    let bad: Vec<_> = (0..250).map(|n| row(&format!("B-{n}"), "REQ", 0)).collect();
    let answer = surface.post(&requester, "/v1/requisitions", &json!(bad))?;
    let problem =
        answer.problem(422, "refused", &["250 rows are wrong", "The first 100 are shown"])?;
    ensure!(problem["errors"].as_array().is_some_and(|errors| errors.len() == 100), "{problem}");
    Ok(())
}

#[test]
fn a_third_file_at_once_is_asked_to_wait() -> Result<()> {
    let surface = Surface::open(1)?;
    let two = [surface.token("requester", "REQ")?, surface.token("operator", "")?];
    let host = surface.base.trim_start_matches("http://").to_owned();
    // Two files that do not go on: they say that they are long, and each account has its place.
    let begun = |token: &String| -> Result<TcpStream> {
        let mut stream = TcpStream::connect(&host)?;
        write!(
            stream,
            "POST /v1/requisitions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
             content-type: text/csv\r\ncontent-length: 1000000\r\n\r\nexternal_id"
        )?;
        Ok(stream)
    };
    let held = two.iter().map(begun).collect::<Result<Vec<_>>>()?;
    let third = surface.token("admin", "")?;
    let asked = |token: &str| {
        let request = surface.request("POST", "/v1/requisitions")?.bearer_auth(token);
        surface.send(request.header("content-type", "text/csv").body("x".repeat(300_000)))
    };
    let answer = eventually("both are being read", SOON, || {
        let answer = asked(&third)?;
        Ok((answer.status == 429).then_some(answer))
    })?;
    ensure!(answer.headers.contains_key("retry-after"), "{answer:?}");
    // A few lines are no file.
    surface.post(&two[0], "/v1/requisitions", &json!([row("F-1", "REQ", 1)]))?.is(200)?;
    // Whoever says that there is more and sends nothing is not waited for.
    eventually("there is room again", Duration::from_secs(60), || {
        Ok((asked(&third)?.status != 429).then_some(()))
    })?;
    drop(held);
    Ok(())
}

#[test]
fn many_small_bodies_are_no_large_one() -> Result<()> {
    let surface = Surface::open(1)?;
    let requester = surface.token("requester", "REQ")?;
    let wide: String = (0..255).map(|n| format!("\"c{n}\":1,")).collect();
    let small = list(&format!("{{{wide}\"c255\":1}}"), "{\"c255\":1}", 4_000);
    ensure!(small.len() < 64 * 1024, "{}", small.len());
    let asked = (0..48).map(|_| {
        let request = surface.request("POST", "/v1/requisitions?partial=true")?;
        let request = request.bearer_auth(&requester).header("content-type", "application/json");
        Ok(request.body(small.clone()))
    });
    for status in surface.all_at_once(asked.collect::<Result<Vec<_>>>()?) {
        ensure!([413, 422, 429].contains(&status), "{status}");
    }
    // A form is read before anybody has said who sends it.
    let (head, much) = ("--x\r\n", "a".repeat(30 << 20));
    let asked = (0..8).map(|_| {
        let request = surface.request("POST", "/upload")?;
        Ok(request
            .header("content-type", "multipart/form-data; boundary=x")
            .body(format!("{much}{head}")))
    });
    for status in surface.all_at_once(asked.collect::<Result<Vec<_>>>()?) {
        ensure!([400, 413, 422, 429].contains(&status), "{status}");
    }
    let used = most_memory(surface.secretariat.service.id())?;
    ensure!(used < ROOM, "{used} KiB were used");
    Ok(())
}

#[test]
fn the_first_admins_token_is_never_lost() -> Result<()> {
    let folder = tempfile::TempDir::new()?;
    let dir = coalition::write(folder.path(), &[coalition::row("R-1", 1)])?;
    let data = folder.path().join("data");
    run(&["import", text(&dir)?, "--data", text(&data)?])?.ok()?;
    // One of other data, which nobody has cleared away.
    fs::write(data.join("admin-token"), "of other data")?;
    let service =
        crate::secretariat::Service::start_with(&data, None, &["--listen", "127.0.0.1:0"])?;
    eventually("it is there", SOON, || {
        Ok(fs::read_to_string(data.join("admin-token"))?.starts_with("wbt_").then_some(()))
    })?;
    service.stop()?;
    Ok(())
}

/// Connects from `from` to `to`; none: it was refused.
fn connect(from: [u8; 4], to: SocketAddr) -> Option<TcpStream> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).ok()?;
    socket.bind(&SocketAddr::from((from, 0)).into()).ok()?;
    socket.connect_timeout(&to.into(), Duration::from_secs(5)).ok()?;
    Some(socket.into())
}

#[test]
fn connections_that_say_nothing_keep_nobody_out() -> Result<()> {
    let folder = tempfile::TempDir::new()?;
    let dir = coalition::write(folder.path(), &[coalition::row("R-1", 1)])?;
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    run(&["import", text(&dir)?, "--data", text(&data)?])?.ok()?;
    let mut command = std::process::Command::new("sh");
    let program = waybill(&[]).get_program().to_owned();
    command.args(["-c", "ulimit -n 256; exec \"$0\" \"$@\""]).arg(program);
    command.args(["serve", "--data", text(&data)?, "--listen", "127.0.0.1:0"]);
    command.env("WAYBILL_LOG_FORMAT", "json").stdout(Stdio::null()).stderr(fs::File::create(&log)?);
    let _process = Started(command.spawn()?);
    let found = eventually("it is served", SOON, || Ok(address(&fs::read_to_string(&log)?)))?;
    let at: SocketAddr = found.parse()?;
    // Some of one address, and of a whole network.
    let one: Vec<_> = (0..200).filter_map(|_| connect([127, 0, 0, 3], at)).collect();
    let healthy = || run(&["health", &found]);
    healthy()?.ok()?;
    let many: Vec<_> =
        (0..400_u16).filter_map(|n| connect([127, 0, 1, (n % 100) as u8 + 1], at)).collect();
    // This machine's operator gets in whatever the network does, and files can be opened.
    run(&["status", "--data", text(&data)?])?.ok()?;
    run(&["import", text(&dir)?, "--data", text(&data)?])?.ok()?;
    // Nobody keeps a connection without a word.
    let began = Instant::now();
    eventually("there is room", SOON, || Ok((healthy()?.code == Some(0)).then_some(())))?;
    ensure!(began.elapsed() < Duration::from_secs(20), "it took {:?}", began.elapsed());
    for stream in one.iter().chain(&many) {
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut stream = stream;
        let ended = stream.read(&mut [0; 1]);
        ensure!(
            matches!(ended, Ok(0))
                || ended.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset),
            "a connection without a word is still open"
        );
    }
    ensure!(fs::read_to_string(&log)?.contains("too many connections"));
    Ok(())
}

#[test]
fn a_reader_that_takes_nothing_is_cut_off() -> Result<()> {
    let surface = Surface::open(1)?;
    let requester = surface.token("requester", "REQ")?;
    for file in 0..4 {
        let lines: Vec<_> = (0..1000).map(|n| row(&format!("S{file}-{n}"), "REQ", 1)).collect();
        surface.post(&requester, "/v1/requisitions", &json!(lines))?.is(200)?;
    }
    let host = surface.base.trim_start_matches("http://").to_owned();
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.set_recv_buffer_size(4096)?;
    socket.connect(&host.parse::<SocketAddr>()?.into())?;
    let mut stream = TcpStream::from(socket);
    for _ in 0..10 {
        write!(
            stream,
            "GET /v1/lines?limit=10000 HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {requester}\r\n\r\n"
        )?;
    }
    // The kernel's own buffers take a few megabytes at most; what comes after them stays with the service, until it
    // gives up.
    let pid = surface.secretariat.service.id().to_string();
    let port = stream.local_addr()?.port();
    eventually("the service has cut the connection", Duration::from_secs(60), || {
        let there = fs::read_to_string(Path::new("/proc").join(&pid).join("net/tcp"))?;
        let ours = format!(":{port:04X} 01 ");
        Ok((!there.lines().any(|line| line.contains(&ours))).then_some(()))
    })
}

#[test]
fn heavy_questions_leave_room_for_others() -> Result<()> {
    let surface = Surface::open_with(&["--rate", "10000"])?;
    let requester = surface.token("requester", "REQ")?;
    for file in 0..4 {
        let lines: Vec<_> = (0..1000).map(|n| row(&format!("H{file}-{n}"), "REQ", 1)).collect();
        surface.post(&requester, "/v1/requisitions", &json!(lines))?.is(200)?;
    }
    let (observer, me) = (surface.token("observer", "")?, surface.token("admin", "")?);
    let (running, answered) = (AtomicBool::new(true), AtomicUsize::new(0));
    let slowest = std::thread::scope(|threads| -> Result<Duration> {
        let asking = (0..3_usize).map(|n| {
            let (surface, running, answered) = (&surface, &running, &answered);
            let tokens = [&observer, &requester];
            threads.spawn(move || -> Result<()> {
                let asked = (0..100).map(|i| {
                    let (method, path, token) = match (i + n) % 3 {
                        0 => ("POST", "/v1/plan", tokens[0]),
                        1 => ("GET", "/v1/reports/weekly", tokens[0]),
                        _ => ("GET", "/v1/lots/LOT-001/why", tokens[1]),
                    };
                    let request = surface.request(method, path)?.bearer_auth(token);
                    let json = request.header("content-type", "application/json");
                    Ok(if method == "POST" { json.body("{}") } else { json })
                });
                let asked = asked.collect::<Result<Vec<_>>>()?;
                for status in surface.all_at_once(asked) {
                    ensure!([200, 429, 408].contains(&status), "{status}");
                    answered.fetch_add(usize::from(status == 200), Ordering::Relaxed);
                }
                running.store(false, Ordering::Relaxed);
                Ok(())
            })
        });
        let asking: Vec<_> = asking.collect();
        let (mut slowest, mut looks) = (Duration::ZERO, 0);
        while running.load(Ordering::Relaxed) || looks < 20 {
            let began = Instant::now();
            surface.get(&me, "/v1/me")?.is(200)?;
            slowest = slowest.max(began.elapsed());
            looks += 1;
        }
        for thread in asking {
            thread.join().map_err(|_| anyhow::anyhow!("a panic"))??;
        }
        Ok(slowest)
    })?;
    ensure!(answered.load(Ordering::Relaxed) > 0, "nobody was answered");
    let used = most_memory(surface.secretariat.service.id())?;
    crate::pair::say(&format!("300 heavy questions: /v1/me at most {slowest:?}, {used} KiB"))?;
    ensure!(used < 1024 * 1024, "{used} KiB were used");
    // All of them one after the other would take minutes.
    ensure!(slowest < Duration::from_secs(10), "somebody waited {slowest:?}");
    Ok(())
}
