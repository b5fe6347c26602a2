//! What is of the file alone.

use std::path::Path;

use waybill_shared::store::sqlite::SqliteStore;
use waybill_shared::store::{Queues, Reads, Store, StoreError};

use crate::support::{NOW, all, commit, submit};

async fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(&folder.join("waybill.sqlite")).await.expect("opened")
}

#[tokio::test]
async fn what_a_process_held_when_it_ended_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    commit(&store, vec![submit(1, 5)]).await;
    let lot = all(&store).await.remove(0).id.0;
    let claim = store.claim_lots("validate_priority", &[lot], NOW).await.expect("claimed");
    assert!(store.lost_leases().await.expect("read").is_empty(), "its process lives");
    store.close().await;

    let store = open(folder.path()).await;
    assert_eq!(store.lost_leases().await.expect("read"), [(claim.lease, vec![(lot, 1)])]);
    store.release(claim.lease);
    assert!(store.lost_leases().await.expect("read").is_empty());
    assert_eq!(store.lots_by_id(&[lot]).await.expect("read").len(), 1);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_with_its_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    store.close().await;
    let path = folder.path().join("waybill.sqlite");
    let url = format!("sqlite:{}", path.display());
    let pool = sqlx::SqlitePool::connect(&url).await.expect("opened");
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (999, 'later', 1, x'00', 0)",
    )
    .execute(&pool)
    .await
    .expect("written");
    pool.close().await;
    let error = SqliteStore::open(&path).await.expect_err("refused");
    assert!(matches!(&error, StoreError::Newer { .. }), "{error:?}");
    assert!(error.to_string().contains("newer version"));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("waybill.sqlite");
    std::fs::write(&path, "no database, ".repeat(50)).expect("written");
    assert!(SqliteStore::open(&path).await.is_err());
    assert!(SqliteStore::open(folder.path()).await.is_err());
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let folder = tempfile::tempdir().expect("a folder");
    open(folder.path()).await.close().await;
    let path = folder.path().join("waybill.sqlite");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options).await.expect("opened");
    let mut connection = pool.acquire().await.expect("a connection");
    let attach = sqlx::query("ATTACH DATABASE ? AS waybill").bind(path.to_string_lossy());
    attach.execute(&mut *connection).await.expect("attached");
    let sql = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/sqlite/sql");
        std::fs::read_to_string(folder.join(name)).expect("a statement")
    };
    for table in ["leases_table.sql", "raw_table.sql"] {
        let create = sqlx::query(sqlx::AssertSqlSafe(sql(table)));
        create.execute(&mut *connection).await.expect(table);
    }
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/sqlite/sql"));
    let mut seen = 0;
    for file in files.expect("a folder") {
        let name = file.expect("a file").file_name().into_string().expect("a name");
        for statement in sql(&name).split(';') {
            let explain = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN {statement}")));
            let explained = explain.fetch_all(&mut *connection).await;
            assert!(explained.is_ok(), "{name}: {explained:?}");
        }
        seen += 1;
    }
    assert!(seen > 40, "{seen} statements were found");
}
