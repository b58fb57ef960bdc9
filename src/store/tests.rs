//! What every store must do, on each kind, and what a local folder promises beyond that.

use std::fs;
use std::io::Write as _;
use std::path::Path as FsPath;

use futures::TryStreamExt as _;
use object_store::{CopyMode, CopyOptions, GetOptions, MultipartUpload as _, PutOptions, UpdateVersion};

use super::*;

fn at(path: &str) -> Path {
    Path::from(path)
}

async fn paths(store: &Store, folder: &str) -> Vec<String> {
    store.list(folder).await.unwrap().into_iter().map(|entry| entry.path).collect()
}

/// Runs a test on an in-memory lake and on a folder that does not exist yet.
async fn on_every_kind(test: impl AsyncFn(Store)) {
    test(Store::memory()).await;
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("x/../a [lake] 数%20");
    test(Store::open(lake.to_str().unwrap()).unwrap()).await;
    assert!(left_in_staging(&folder.path().join("a [lake] 数%20")).is_empty());
}

fn left_in_staging(lake: &FsPath) -> Vec<String> {
    let entries = fs::read_dir(lake.join(".staging")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn files_are_put_created_listed_read_and_deleted() {
    on_every_kind(async |store| {
        assert!(store.list("bronze").await.unwrap().is_empty());
        assert!(store.list("").await.unwrap().is_empty());
        store.put("bronze/a/b.json", "one".into()).await.unwrap();
        store.put("bronze/a/b.json", "three".into()).await.unwrap();
        assert!(!store.create("bronze/a/b.json", "x".into()).await.unwrap());
        assert!(store.create("bronze/a.json", "x".into()).await.unwrap());
        store.put("bronze-age/c.json", "x".into()).await.unwrap();
        let listed = store.list("bronze").await.unwrap();
        let listed: Vec<(&str, u64)> = listed.iter().map(|entry| (entry.path.as_str(), entry.size)).collect();
        assert_eq!(listed, [("bronze/a.json", 1), ("bronze/a/b.json", 5)]);
        assert_eq!(paths(&store, "").await, ["bronze-age/c.json", "bronze/a.json", "bronze/a/b.json"]);
        assert_eq!(store.read("bronze/a/b.json").await.unwrap(), "three");
        assert_eq!(store.read_range("bronze/a/b.json", 1..3).await.unwrap(), "hr");
        store.delete("bronze/a.json").await.unwrap();
        store.delete("bronze/a.json").await.unwrap();
        assert_eq!(paths(&store, "bronze").await, ["bronze/a/b.json"]);
        let error = store.read("bronze/a.json").await.unwrap_err().to_string();
        assert!(error.starts_with("cannot read `bronze/a.json` in the lake "), "{error}");
    })
    .await;
}

#[tokio::test]
async fn an_engine_sees_paths_relative_to_the_lake() {
    on_every_kind(async |store| {
        let objects = store.objects();
        store.put("silver/t/year=2024/part-0.parquet", "rows".into()).await.unwrap();
        store.put("silver/t/part-0.parquet", "more".into()).await.unwrap();
        let file = at("silver/t/year=2024/part-0.parquet");
        let found = objects.get_opts(&file, GetOptions::default()).await.unwrap();
        assert_eq!(found.meta.location, file);
        let tag = found.meta.e_tag.clone();
        assert_eq!(found.bytes().await.unwrap(), "rows");
        assert_eq!(objects.head(&file).await.unwrap().location, file);
        assert_eq!(objects.get_ranges(&file, &[0..1, 2..4]).await.unwrap(), ["r", "ws"]);
        let stale = GetOptions::new().with_if_none_match(tag);
        assert!(matches!(objects.get_opts(&file, stale).await, Err(Error::NotModified { .. })));
        let top = objects.list_with_delimiter(None).await.unwrap();
        assert_eq!((top.common_prefixes, top.objects.len()), (vec![at("silver")], 0));
        let table = objects.list_with_delimiter(Some(&at("silver/t"))).await.unwrap();
        assert_eq!(table.common_prefixes, [at("silver/t/year=2024")]);
        assert_eq!(table.objects[0].location, at("silver/t/part-0.parquet"));
        let none = objects.list_with_delimiter(Some(&at("bronze"))).await.unwrap();
        assert!(none.common_prefixes.is_empty() && none.objects.is_empty());
        let later = objects.list_with_offset(None, &at("silver/t/part-0.parquet"));
        assert_eq!(later.map_ok(|meta| meta.location).try_collect::<Vec<_>>().await.unwrap(), [file]);
    })
    .await;
}

#[tokio::test]
async fn copies_and_renames_replace_or_refuse_as_asked() {
    on_every_kind(async |store| {
        let objects = store.objects();
        let (a, b, c) = (at("x/a"), at("y/b"), at("z/c"));
        store.put("x/a", "one".into()).await.unwrap();
        store.put("y/b", "two".into()).await.unwrap();
        let create = CopyOptions::new().with_mode(CopyMode::Create);
        assert!(matches!(objects.copy_opts(&a, &b, create.clone()).await, Err(Error::AlreadyExists { .. })));
        assert_eq!(store.read("y/b").await.unwrap(), "two");
        objects.copy(&a, &b).await.unwrap();
        objects.copy(&a, &b).await.unwrap();
        objects.copy_opts(&a, &c, create).await.unwrap();
        // Copies are independent files.
        store.put("x/a", "new".into()).await.unwrap();
        assert_eq!((store.read("y/b").await.unwrap(), store.read("z/c").await.unwrap()), ("one".into(), "one".into()));
        objects.rename(&a, &b).await.unwrap();
        assert_eq!(paths(&store, "").await, ["y/b", "z/c"]);
        assert_eq!(store.read("y/b").await.unwrap(), "new");
        assert!(matches!(objects.copy(&a, &b).await, Err(Error::NotFound { .. })));
        assert!(matches!(objects.delete(&at("x/none")).await, Err(Error::NotFound { .. }) | Ok(())));
    })
    .await;
}

#[tokio::test]
async fn a_file_written_in_parts_appears_when_it_is_complete() {
    on_every_kind(async |store| {
        let objects = store.objects();
        store.put("a/b", "old".into()).await.unwrap();
        let mut upload = objects.put_multipart(&at("a/b")).await.unwrap();
        let (first, second) = (upload.put_part("one ".into()), upload.put_part("two".into()));
        second.await.unwrap();
        first.await.unwrap();
        assert_eq!(store.read("a/b").await.unwrap(), "old");
        assert_eq!(paths(&store, "").await, ["a/b"]);
        upload.complete().await.unwrap();
        assert_eq!(store.read("a/b").await.unwrap(), "one two");
        let mut upload = objects.put_multipart(&at("a/c")).await.unwrap();
        upload.put_part("x".into()).await.unwrap();
        upload.abort().await.unwrap();
        assert_eq!(paths(&store, "").await, ["a/b"]);
    })
    .await;
}

#[tokio::test]
async fn a_draft_appears_when_it_is_put_and_leaves_nothing_otherwise() {
    on_every_kind(async |store| {
        store.put("silver/a", "former".into()).await.unwrap();
        let draft = |part: &'static [u8]| {
            let mut draft = store.draft("silver/a").unwrap();
            draft.write_all(b"some ").unwrap();
            draft.write_all(part).unwrap();
            draft
        };
        drop(draft(b"never"));
        let two = [draft(b"rows"), draft(b"others")];
        assert_eq!(paths(&store, "").await, ["silver/a"]);
        assert_eq!(store.read("silver/a").await.unwrap(), "former");
        for (draft, expected) in two.into_iter().zip(["some rows", "some others"]) {
            store.put_draft("silver/a", draft).await.unwrap();
            assert_eq!(store.read("silver/a").await.unwrap(), expected);
        }
        assert_eq!(draft(b"bytes").into_bytes().unwrap(), "some bytes");
    })
    .await;
}

#[tokio::test]
async fn a_draft_that_cannot_be_written_is_told_when_it_is_put() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().to_str().unwrap()).unwrap();
    fs::write(folder.path().join(".staging"), "").unwrap();
    let mut draft = store.draft("silver/a").unwrap();
    draft.write_all(b"rows").unwrap();
    let error = store.put_draft("silver/a", draft).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot write `silver/a` in the lake "), "{error}");
    assert!(!folder.path().join("silver").exists());
}

#[tokio::test]
async fn staged_files_are_never_listed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().to_str().unwrap()).unwrap();
    store.put("a", "x".into()).await.unwrap();
    fs::write(folder.path().join(".staging/elsewhere-1-0"), "half").unwrap();
    assert_eq!(paths(&store, "").await, ["a"]);
    assert!(store.list(".staging").await.unwrap().is_empty());
    assert!(store.objects().list_with_delimiter(None).await.unwrap().common_prefixes.is_empty());
    assert!(store.objects().list_with_delimiter(Some(&at(".staging"))).await.unwrap().objects.is_empty());
}

#[tokio::test]
async fn a_failed_write_names_the_file_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().to_str().unwrap();
    let store = Store::open(name).unwrap();
    store.put("a", "x".into()).await.unwrap();
    let error = store.put("a/b", "x".into()).await.unwrap_err();
    let write = error.downcast_ref::<Obstructed>().unwrap();
    assert_eq!((write.lake.as_str(), write.path.as_str()), (name, "a/b"));
    assert_eq!(write.cause, "there is a file where its folder should be");
    assert!(left_in_staging(folder.path()).is_empty());
    let options = PutOptions::from(PutMode::Update(UpdateVersion { e_tag: None, version: None }));
    let updated = store.objects().put_opts(&at("a"), "y".into(), options).await;
    assert!(matches!(updated, Err(Error::NotImplemented { .. })));
}

#[tokio::test]
async fn files_staged_by_a_killed_run_are_cleared_and_those_of_a_living_run_stay() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().to_str().unwrap()).unwrap();
    store.clear_staging().unwrap();
    let staging = folder.path().join(".staging");
    fs::create_dir_all(&staging).unwrap();
    let living = format!("{}-{}-0", host(), std::process::id());
    for name in [&living, &format!("{}-{}-0", host(), i32::MAX), &format!("{}-{}-0#1", host(), i32::MAX)] {
        fs::write(staging.join(name), "half").unwrap();
    }
    // Cached listings belong to no process, and are old if nothing changes.
    let memory = fs::File::create(staging.join("listing.bronze.a.b")).unwrap();
    memory.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    store.clear_staging().unwrap();
    let mut left = left_in_staging(folder.path());
    left.retain(|name| name != "listing.bronze.a.b");
    assert_eq!((left, staging.join("listing.bronze.a.b").exists()), (vec![living], true));
}

#[tokio::test]
async fn only_a_local_folder_has_a_disk_and_may_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap().join("new/lake");
    let store = Store::open(root.to_str().unwrap()).unwrap();
    assert_eq!(store.missing(), Some(root.as_path()));
    assert!(store.free().unwrap() > 0);
    store.put("a", "x".into()).await.unwrap();
    assert_eq!(store.missing(), None);
    let below = Store::open(root.join("a/lake").to_str().unwrap()).unwrap();
    assert!(below.missing().is_some() && below.list("bronze").await.unwrap().is_empty());
    assert!(below.objects().list_with_delimiter(None).await.unwrap().objects.is_empty());
    let memory = Store::memory();
    assert_eq!((memory.missing(), memory.free()), (None, None));
    memory.clear_staging().unwrap();
}

#[test]
fn a_url_that_no_store_has_is_refused_with_the_way_out() {
    let refused = |url: &str| format!("{:#}", Store::open(url).unwrap_err());
    let error = refused("ftp://host/lake");
    assert!(error.contains("unsupported lake `ftp://host/lake`") && error.contains("give the path"), "{error}");
    assert_eq!(refused("s3:///lake"), "invalid lake `s3:///lake`: expected s3://BUCKET/FOLDER");
    assert!(refused("gs://b/a//b").starts_with("invalid lake `gs://b/a//b`: the folder in the bucket"));
    assert_eq!(refused("az://container/lake"), "invalid lake `az://container/lake`: Account must be specified");
    let error = refused("s3://key:secret@bucket/lake");
    assert!(error.contains("`s3://bucket/lake`") && !error.contains("secret"), "{error}");
}

#[tokio::test]
async fn a_bucket_is_reached_as_its_vendor_has_it() {
    let variables = [("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", "hidden"), ("AWS_REGION", "cn-north-1")];
    let variables: Vec<_> = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let of = |access: Access| {
        let access = Access { variables: variables.clone(), ..access };
        let store = Store::reach("s3://bucket/some/lake", &access).unwrap();
        assert!(!format!("{access:?}").contains("hidden"));
        let shown = format!("{store:?}");
        (store.is_remote(), store.location("runs/a.json"), shown)
    };
    let (is_remote, location, shown) = of(Access::default());
    assert_eq!((is_remote, location.as_str()), (true, "s3://bucket/some/lake/runs/a.json"));
    assert!(shown.contains("https://s3.cn-north-1.amazonaws.com/bucket"), "{shown}");
    let endpoint = |url: &str| {
        let settings = StoreSettings { endpoint: Some(url.to_owned()), ..StoreSettings::default() };
        Access { settings, ..Access::default() }
    };
    let (.., shown) = of(endpoint("http://127.0.0.1:9000"));
    assert!(shown.contains("\"http://127.0.0.1:9000/bucket\""), "{shown}");
    // OSS and COS want the bucket in the host name, and forbid overwriting with headers of their own.
    let (.., shown) = of(endpoint("https://oss-cn-hangzhou.aliyuncs.com"));
    assert!(shown.contains("\"https://bucket.oss-cn-hangzhou.aliyuncs.com\""), "{shown}");
    assert!(shown.contains("x-oss-forbid-overwrite"), "{shown}");
    let (.., shown) = of(endpoint("https://cos.ap-guangzhou.myqcloud.com"));
    assert!(shown.contains("\"https://bucket.cos.ap-guangzhou.myqcloud.com\""), "{shown}");
    assert!(shown.contains("x-cos-forbid-overwrite"), "{shown}");
    let mut named = endpoint("http://127.0.0.1:1");
    (named.settings.path_style, named.settings.kind) = (Some(true), Speaks::named("oss"));
    let (.., shown) = of(named);
    assert!(shown.contains("\"http://127.0.0.1:1/bucket\"") && shown.contains("x-oss-forbid-overwrite"), "{shown}");
}

#[tokio::test]
async fn another_machine_finds_a_lake_by_its_address_and_opens_it_by_its_own_environment() {
    let variables = |key: &str, more: &[(&str, &str)]| {
        let keys = [("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", key)];
        let all = keys.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        all.collect::<Vec<_>>()
    };
    let settings = StoreSettings {
        endpoint: Some("http://127.0.0.1:9000".into()),
        region: Some("cn-north-1".into()),
        path_style: Some(true),
        kind: Speaks::named("oss"),
    };
    let here = Access { settings, variables: variables("of the client", &[]) };
    let address = Store::reach("s3://bucket/lake", &here).unwrap().address().unwrap();
    let sent = address.to_string();
    assert!(!sent.contains("of the client") && sent.contains("127.0.0.1:9000"), "{sent}");
    assert_eq!(sent.parse::<Address>().unwrap(), address);
    let there = |more: &[(&str, &str)]| {
        let access = Access { variables: variables("of the executor", more), ..Access::default() };
        let store = Store::at(&address, &access).unwrap();
        assert_eq!(store.address().unwrap(), address);
        format!("{store:?}")
    };
    let shown = there(&[]);
    for part in ["\"http://127.0.0.1:9000/bucket\"", "cn-north-1", "x-oss-forbid-overwrite"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // The other machine may reach the same bucket another way.
    let shown = there(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:9001")]);
    assert!(shown.contains("\"http://127.0.0.1:9001/bucket\"") && !shown.contains(":9000/bucket"), "{shown}");
    // A folder is given by its absolute path.
    let folder = Store::open("here").unwrap().address().unwrap().to_string();
    assert!(folder.contains(std::env::current_dir().unwrap().join("here").to_str().unwrap()), "{folder}");
}

#[test]
fn a_file_is_not_a_lake() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Store::open(file.path().to_str().unwrap()).unwrap_err().to_string();
    assert!(error.contains("it is a file, not a folder"), "{error}");
}

#[tokio::test]
async fn a_file_is_replaced_only_where_it_is_still_as_it_was_read() {
    let folder = tempfile::tempdir().unwrap();
    for store in [Store::memory(), Store::open(folder.path().to_str().unwrap()).unwrap()] {
        assert!(store.versioned("a").await.unwrap().is_none());
        store.put("a", "1".into()).await.unwrap();
        let read = store.versioned("a").await.unwrap().unwrap();
        assert!(store.replace("a", &read, "2".into()).await.unwrap());
        assert!(!store.replace("a", &read, "3".into()).await.unwrap());
        assert_eq!(store.read("a").await.unwrap(), "2");
        let read = store.versioned("a").await.unwrap().unwrap();
        store.delete("a").await.unwrap();
        assert!(!store.replace("a", &read, "4".into()).await.unwrap());
    }
}

#[tokio::test]
async fn a_file_of_a_folder_is_deleted_only_while_nobody_replaces_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().to_str().unwrap()).unwrap();
    store.delete_if("a", |_| true).unwrap();
    store.put("a", "1".into()).await.unwrap();
    store.delete_if("a", |body| body == b"2").unwrap();
    assert_eq!(store.read("a").await.unwrap(), "1");
    let staging = folder.path().join(".staging");
    let is_locked = || matches!(staging::lock(&staging).unwrap().try_lock(), Err(fs::TryLockError::WouldBlock));
    assert!(!is_locked());
    store.delete_if("a", |_| is_locked()).unwrap();
    assert!(store.versioned("a").await.unwrap().is_none(), "it was looked at without the lock of the folder");
}
