//! Certificates: the server's own, and clients'.

use crate::served::{SECRET, Served, text, together};
use arrow_flight::sql::client::FlightSqlServiceClient;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::path::Path;
use std::process::Command;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn authority() -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(vec![]).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Named otherwise than what it signs, or OpenSSL takes that for signed by itself.
    parameters.distinguished_name.push(DnType::CommonName, "an authority");
    let pem = parameters.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(parameters, key);
    Authority { pem, issuer }
}

/// A certificate and its key.
fn certificate(authority: &Authority) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    parameters
        .distinguished_name
        .push(DnType::CommonName, "a server or client");
    (
        parameters.signed_by(&key, &authority.issuer).unwrap().pem(),
        key.serialize_pem(),
    )
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

async fn connect(served: &Served, config: ClientTlsConfig) -> Result<Channel, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(served.address.replace("127.0.0.1", "localhost")).unwrap();
    endpoint.tls_config(config.domain_name("localhost"))?.connect().await
}

async fn answers(channel: Channel) -> bool {
    let mut client = FlightSqlServiceClient::new(channel);
    client.handshake("will", &format!("will{SECRET}")).await.is_ok() && text(&mut client, "SELECT 1").await.is_ok()
}

#[tokio::test]
async fn own_authority_and_client_certificates() {
    let _turn = together().await;
    let folder = tempfile::tempdir().unwrap();
    let (ours, foreign) = (authority(), authority());
    let (certificate_pem, key_pem) = certificate(&ours);
    let cert = write(folder.path(), "cert.pem", &certificate_pem);
    let key = write(folder.path(), "key.pem", &key_pem);
    let served = Served::start(&["--tls-cert", &cert, "--tls-key", &key]);
    assert!(served.address.starts_with("https://"));
    let trusting = |pem: &str| ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem));
    assert!(answers(connect(&served, trusting(&ours.pem)).await.unwrap()).await);
    assert!(connect(&served, trusting(&foreign.pem)).await.is_err());
    // Plain text to a port with TLS.
    let plain = Endpoint::from_shared(served.address.replace("https", "http"))
        .unwrap()
        .connect()
        .await;
    if let Ok(channel) = plain {
        assert!(!answers(channel).await);
    }
    // Clients must show a certificate of this authority.
    let ca = write(folder.path(), "ca.pem", &ours.pem);
    let served = Served::start(&["--tls-cert", &cert, "--tls-key", &key, "--tls-client-ca", &ca]);
    let (own_cert, own_key) = certificate(&ours);
    let with = trusting(&ours.pem).identity(Identity::from_pem(own_cert, own_key));
    assert!(answers(connect(&served, with).await.unwrap()).await);
    let (other_cert, other_key) = certificate(&foreign);
    for config in [
        trusting(&ours.pem),
        trusting(&ours.pem).identity(Identity::from_pem(other_cert, other_key)),
    ] {
        if let Ok(channel) = connect(&served, config).await {
            assert!(!answers(channel).await);
        }
    }
}

#[test]
fn what_would_be_unsafe_is_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = write(folder.path(), "empty", "");
    for (arguments, said) in [
        (vec!["--listen", "0.0.0.0:0"], "without TLS"),
        (vec!["--users", "/nowhere/users"], "/nowhere/users"),
        (vec!["--tls-cert", &nothing, "--tls-key", &nothing], "TLS"),
        (vec!["--tls-cert", &nothing], "--tls-key"),
        (vec!["--read", "/nowhere"], "/nowhere"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_radsql"));
        let ended = command
            .arg("serve")
            .args(&arguments)
            .env("RADSQL_PASSWORD", "a-pass-word")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(said), "{arguments:?}: {text}");
        assert!(!text.contains("a-pass-word"));
    }
}

/// An authority, and a certificate of it with its key, as files.
pub fn files(folder: &Path) -> (String, String, String) {
    let ours = authority();
    let (certificate_pem, key_pem) = certificate(&ours);
    (
        write(folder, "ca.pem", &ours.pem),
        write(folder, "cert.pem", &certificate_pem),
        write(folder, "key.pem", &key_pem),
    )
}
