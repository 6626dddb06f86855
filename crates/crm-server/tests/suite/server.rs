//! The server in this process, as other test suites start it.

use std::sync::Arc;

use crm_domain::{clock::ManualClock, stamp::Stamp};
use crm_server::{server, settings::Settings, wire::World};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn servers_start_on_free_ports_side_by_side_and_stop() {
    let clock = Arc::new(ManualClock::at(Stamp::parse("2025-06-01").unwrap()));
    let world = World { clock, ..World::real() };
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut servers = Vec::new();
    for folder in &folders {
        let mut settings = Settings::defaults().unwrap();
        settings.server.bind = "127.0.0.1:0".parse().unwrap();
        settings.store.data_dir = folder.path().to_owned();
        servers.push(server::start(&settings, &world).await.unwrap());
    }
    assert_ne!(servers[0].address(), servers[1].address());
    for server in servers {
        let address = server.address();
        assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
        server.stop().await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}

#[tokio::test]
async fn a_taken_address_is_told_by_its_setting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::defaults().unwrap();
    settings.server.bind = taken.local_addr().unwrap();
    settings.store.data_dir = folder.path().to_owned();
    let error = server::start(&settings, &World::real()).await.err().unwrap();
    assert!(error.to_string().contains("server.bind"), "{error}");
}
