//! A private RabbitMQ server, alone or in a cluster of three.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, anyhow, bail, ensure};
use tempfile::TempDir;

use crate::process::{Server, folder, free_ports, program, wait};

/// How many virtual hosts a server starts with. Each test uses one.
const HOSTS: u32 = 128;

/// A RabbitMQ server that ends with this process.
#[derive(Debug)]
pub struct RabbitMq {
    // Declared before `folder`, so that the server ends before its folder is removed.
    server: Server,
    _names: Option<Server>,
    folder: TempDir,
    ports: Ports,
    used: AtomicU32,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    amqp: u16,
    distribution: u16,
    names: u16,
}

fn installed(name: &str) -> Result<PathBuf> {
    let inside = Path::new("/usr/lib/rabbitmq/bin").join(name);
    program(name, &[inside]).ok_or_else(|| {
        anyhow!(
            "no RabbitMQ is installed: run `scripts/services`, or name a server that may be used \
             with WAYBILL_TEST_AMQP=amqp://user:password@host/vhost"
        )
    })
}

impl RabbitMq {
    /// Starts a server.
    ///
    /// # Errors
    /// If RabbitMQ is not installed or does not start.
    pub fn start() -> Result<Self> {
        let ports = free_ports(3)?;
        let ports = Ports { amqp: ports[0], distribution: ports[1], names: ports[2] };
        let folder = folder()?;
        let names = start_names(folder.path(), ports.names)?;
        let mut started = Self::node(folder, ports, "")?;
        started._names = Some(names);
        started.is_ready()?;
        Ok(started)
    }

    /// Starts a server that also speaks TLS, with a certificate of its own authority.
    ///
    /// # Errors
    /// If RabbitMQ does not start.
    pub fn start_with_tls() -> Result<(Self, Tls)> {
        let free = free_ports(4)?;
        let ports = Ports { amqp: free[0], distribution: free[1], names: free[2] };
        let folder = folder()?;
        let authority = certify(folder.path())?;
        let config = format!(
            "listeners.ssl.default = 127.0.0.1:{}\nssl_options.cacertfile = {}\n\
             ssl_options.certfile = {2}/server.pem\nssl_options.keyfile = {2}/server.key\n\
             ssl_options.verify = verify_none\nssl_options.fail_if_no_peer_cert = false\n",
            free[3],
            authority.display(),
            folder.path().display(),
        );
        let names = start_names(folder.path(), ports.names)?;
        let mut started = Self::node(folder, ports, &config)?;
        started._names = Some(names);
        started.is_ready()?;
        Ok((started, Tls { port: free[3], authority }))
    }

    /// Starts one node, with `more` added to its configuration.
    fn node(folder: TempDir, ports: Ports, more: &str) -> Result<Self> {
        let hosts: Vec<_> = (1..=HOSTS).map(|n| serde_json::json!({"name": host(n)})).collect();
        let all = |n| {
            serde_json::json!({
                "user": "guest", "vhost": host(n), "configure": ".*", "write": ".*", "read": ".*",
            })
        };
        let definitions = serde_json::json!({
            "vhosts": hosts,
            "users": [{
                "name": "guest", "password": "guest", "tags": ["administrator"], "limits": {},
            }],
            "permissions": (1..=HOSTS).map(all).collect::<Vec<_>>(),
        });
        let base = folder.path();
        std::fs::write(base.join("definitions.json"), definitions.to_string())?;
        let config = format!(
            "listeners.tcp.default = 127.0.0.1:{}\nload_definitions = {}\n\
             vm_memory_high_watermark.absolute = 1GB\ndisk_free_limit.absolute = 50MB\n\
             cluster_partition_handling = ignore\n{more}",
            ports.amqp,
            base.join("definitions.json").display(),
        );
        std::fs::write(base.join("rabbitmq.conf"), config)?;
        std::fs::write(base.join("enabled_plugins"), "[].")?;
        let server = serve(base, ports)?;
        Ok(Self { folder, ports, server, _names: None, used: AtomicU32::new(0) })
    }

    fn name(&self) -> String {
        node_name(self.ports)
    }

    fn is_ready(&mut self) -> Result<()> {
        let port = self.ports.amqp;
        let log = self.folder.path().join("server.log");
        let server = &mut self.server;
        wait("RabbitMQ is ready", || {
            if !server.is_running()? {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                bail!("RabbitMQ has ended: {said}");
            }
            // It accepts connections only once it has started.
            Ok(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())
        })
    }

    /// The URL of a virtual host that nobody has used.
    ///
    /// # Errors
    /// If all virtual hosts are used.
    pub fn fresh(&self) -> Result<String> {
        let number = self.used.fetch_add(1, Ordering::Relaxed) + 1;
        ensure!(number <= HOSTS, "more than {HOSTS} virtual hosts are wanted: raise HOSTS");
        Ok(self.url(&host(number)))
    }

    #[must_use]
    pub fn url(&self, host: &str) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/{host}", self.ports.amqp)
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.ports.amqp
    }

    /// Sends SIGKILL to all its processes.
    ///
    /// # Errors
    /// If they cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.server.kill()
    }

    /// Starts the server again on its data.
    ///
    /// # Errors
    /// If the server does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.server = serve(self.folder.path(), self.ports)?;
        self.is_ready()
    }

    /// Runs `rabbitmqctl` on the server and returns its output.
    ///
    /// # Errors
    /// If the command fails.
    pub fn control(&self, arguments: &[&str]) -> Result<String> {
        let Output { status, stdout, stderr } =
            environment(&installed("rabbitmqctl")?, self.folder.path(), self.ports)
                .args(["-q", "-n", &self.name()])
                .args(arguments)
                .output()?;
        ensure!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
        Ok(String::from_utf8(stdout)?)
    }
}

/// How to reach a server over TLS.
#[derive(Debug)]
pub struct Tls {
    pub port: u16,
    /// The file with the certificate of the authority that signed the server's certificate.
    pub authority: PathBuf,
}

/// Makes an authority, and a certificate for the loopback interface. Returns the authority's
/// certificate.
fn certify(folder: &Path) -> Result<PathBuf> {
    let extensions = "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n";
    std::fs::write(folder.join("extensions"), extensions)?;
    for arguments in [
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority",
        "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
         -extfile extensions -out server.pem",
    ] {
        let arguments = arguments.split_whitespace();
        let said = Command::new("openssl").args(arguments).current_dir(folder).output()?;
        ensure!(said.status.success(), "openssl: {}", String::from_utf8_lossy(&said.stderr));
    }
    Ok(folder.join("ca.pem"))
}

fn host(number: u32) -> String {
    format!("test{number}")
}

fn node_name(ports: Ports) -> String {
    format!("waybill{}@localhost", ports.amqp)
}

/// Starts epmd, which tells the nodes each other's ports.
fn start_names(folder: &Path, port: u16) -> Result<Server> {
    let mut daemon = Command::new(installed("epmd")?);
    daemon.args(["-port", &port.to_string(), "-address", "127.0.0.1"]);
    Server::start(daemon, &folder.join("epmd.log"), folder)
}

fn environment(program: &Path, folder: &Path, ports: Ports) -> Command {
    let mut command = Command::new(program);
    command
        .env("HOME", folder)
        .env("ERL_EPMD_PORT", ports.names.to_string())
        .env("RABBITMQ_NODENAME", node_name(ports))
        .env("RABBITMQ_DIST_PORT", ports.distribution.to_string())
        .env("RABBITMQ_MNESIA_BASE", folder.join("data"))
        .env("RABBITMQ_LOG_BASE", folder.join("log"))
        .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("enabled_plugins"))
        .env("RABBITMQ_PID_FILE", folder.join("pid"))
        .env("RABBITMQ_CONF_ENV_FILE", folder.join("none"))
        // Tests and the server share two cores.
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 2:2 +sbwt none -setcookie waybill")
        .env("RABBITMQ_CTL_ERL_ARGS", "-setcookie waybill")
        .current_dir(folder);
    command
}

fn serve(folder: &Path, ports: Ports) -> Result<Server> {
    let command = environment(&installed("rabbitmq-server")?, folder, ports);
    Server::start(command, &folder.join("server.log"), folder)
}

#[derive(Debug)]
pub struct Cluster {
    pub nodes: Vec<RabbitMq>,
    _names: Server,
    _folder: TempDir,
}

impl Cluster {
    /// Starts three nodes and lets them find each other.
    ///
    /// # Errors
    /// If a node does not start.
    pub fn start() -> Result<Self> {
        let free = free_ports(7)?;
        let ports: Vec<Ports> = (0..3)
            .map(|n| Ports { amqp: free[n], distribution: free[n + 3], names: free[6] })
            .collect();
        let mut others = "cluster_formation.peer_discovery_backend = classic_config\n".to_owned();
        let own = folder()?;
        let names = start_names(own.path(), free[6])?;
        let mut nodes = Vec::new();
        for (at, ports) in ports.into_iter().enumerate() {
            // Each node lists only nodes that already run, because RabbitMQ 4 waits long for a
            // listed node that does not run.
            let name = node_name(ports);
            others.push_str(&format!("cluster_formation.classic_config.nodes.{at} = {name}\n"));
            let mut node = RabbitMq::node(folder()?, ports, &others)?;
            // Start one after the other, so that the later nodes find the first.
            node.is_ready()?;
            nodes.push(node);
        }
        let started = Self { nodes, _names: names, _folder: own };
        wait("three nodes are one cluster", || {
            let said = started.nodes[0].control(&["cluster_status", "--formatter", "json"])?;
            let status: serde_json::Value = serde_json::from_str(&said)?;
            Ok(status["running_nodes"].as_array().is_some_and(|nodes| nodes.len() == 3))
        })?;
        Ok(started)
    }

    /// One URL with the addresses of all nodes.
    #[must_use]
    pub fn url(&self, host: &str) -> String {
        let places: Vec<String> =
            self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.ports.amqp)).collect();
        format!("amqp://guest:guest@{}/{host}", places.join(","))
    }
}

/// The URL that `WAYBILL_TEST_AMQP` names, or else that of an unused virtual host on a server of
/// this process.
///
/// # Errors
/// If no server can be started, or all virtual hosts are used.
pub fn broker() -> Result<String> {
    static SERVER: OnceLock<Result<RabbitMq, String>> = OnceLock::new();
    if let Ok(server) = std::env::var("WAYBILL_TEST_AMQP") {
        return Ok(server);
    }
    let server = SERVER.get_or_init(|| RabbitMq::start().map_err(|error| format!("{error:#}")));
    server.as_ref().map_err(|error| anyhow!("{error}"))?.fresh()
}
