//! Just enough of the language server protocol to ask what an editor would show.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// No answer takes that long, not even the first, which has to build the macros.
const PATIENCE: Duration = Duration::from_secs(240);

/// A running rust-analyzer, which ends with this.
pub struct Server {
    child: Child,
    input: ChildStdin,
    output: Receiver<Value>,
    last_id: u64,
    version: u64,
    uri: String,
}

/// The components that are missing: rust-analyzer itself, and not only rustup's stand-in for it, or
/// the source of the standard library, without which it knows no `Result`.
pub fn missing() -> Option<&'static str> {
    let version = Command::new("rust-analyzer").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        return Some("rust-analyzer");
    }
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output();
    let sysroot = sysroot.expect("rustc runs").stdout;
    let sysroot = String::from_utf8_lossy(&sysroot);
    let source = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/core");
    (!source.is_dir()).then_some("rust-src")
}

impl Server {
    /// Starts one on the crate in a folder, and waits until it knows all of it.
    pub fn start(root: &Path) -> Self {
        let mut child = Command::new("rust-analyzer")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("rust-analyzer starts");
        let input = child.stdin.take().expect("piped");
        let mut reader = BufReader::new(child.stdout.take().expect("piped"));
        let (send, output) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut reader) {
                if send.send(message).is_err() {
                    break;
                }
            }
        });
        let uri = format!("file://{}/src/lib.rs", root.display());
        let mut server = Self {
            child,
            input,
            output,
            last_id: 0,
            version: 1,
            uri,
        };
        server.initialize(root);
        server
    }

    fn initialize(&mut self, root: &Path) {
        let root = format!("file://{}", root.display());
        let options = json!({
            "checkOnSave": false,
            "cachePriming": { "enable": false },
            "cargo": { "targetDir": true },
            "completion": { "postfix": { "enable": false }, "callable": { "snippets": "none" } },
        });
        let parameters = json!({
            "processId": null,
            "rootUri": root,
            "workspaceFolders": [{ "uri": root, "name": "editor" }],
            "initializationOptions": options,
            "capabilities": { "experimental": { "serverStatusNotification": true } },
        });
        self.ask("initialize", &parameters);
        self.tell("initialized", &json!({}));
        let text = json!({ "uri": self.uri, "languageId": "rust", "version": 1, "text": "" });
        self.tell("textDocument/didOpen", &json!({ "textDocument": text }));
        loop {
            let message = self.receive();
            let status = &message["params"];
            if message["method"] == "experimental/serverStatus" && status["quiescent"] == true {
                assert_ne!(status["health"], "error", "{status}");
                return;
            }
        }
    }

    /// The labels that are offered where the text has a `$0`.
    pub fn complete(&mut self, text: &str) -> Vec<String> {
        let position = self.show(text);
        let answer = self.ask("textDocument/completion", &position);
        let items = answer.get("items").unwrap_or(&answer).as_array();
        let label = |item: &Value| item["label"].as_str().unwrap_or_default().to_owned();
        items.into_iter().flatten().map(label).collect()
    }

    /// What is said of that place.
    pub fn hover(&mut self, text: &str) -> String {
        let position = self.show(text);
        let answer = self.ask("textDocument/hover", &position);
        answer["contents"]["value"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Replaces the text; the place of its `$0`.
    fn show(&mut self, text: &str) -> Value {
        let (before, after) = text.split_once("$0").expect("a cursor");
        let line = before.matches('\n').count();
        let character = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count();
        self.version += 1;
        let document = json!({ "uri": self.uri, "version": self.version });
        let change = json!([{ "text": format!("{before}{after}") }]);
        self.tell(
            "textDocument/didChange",
            &json!({ "textDocument": document, "contentChanges": change }),
        );
        json!({
            "textDocument": { "uri": self.uri },
            "position": { "line": line, "character": character },
        })
    }

    /// A request, and its answer.
    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters }));
        loop {
            let message = self.receive();
            if message["id"] != id || message.get("method").is_some() {
                continue;
            }
            match message.get("error") {
                // It was asked while it was still thinking about the last change.
                Some(error) if error["code"] == -32801 => return self.ask(method, parameters),
                Some(error) => panic!("{method}: {error}"),
                None => return message["result"].clone(),
            }
        }
    }

    fn tell(&mut self, method: &str, parameters: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": parameters }));
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("it listens");
        self.input.flush().expect("it listens");
    }

    /// The next message; a question of the server is answered with nothing.
    fn receive(&mut self) -> Value {
        let message = self
            .output
            .recv_timeout(PATIENCE)
            .expect("rust-analyzer answers");
        if message.get("method").is_some() && message.get("id").is_some() {
            let id = &message["id"];
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null }));
        }
        message
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(reader: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
