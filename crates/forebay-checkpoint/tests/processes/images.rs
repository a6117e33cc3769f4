//! What a power cut leaves of a store on a real file system.
//!
//! An image of a file system is copied while processes write the store on it. A copy takes time,
//! though, and a drive does not show one block of now beside one of before: an image that was copied
//! in passing may hold a block without the durable one before it, which no loss of power leaves, and
//! which is rightly said to be damage. So the image is itself a file on a file system that is frozen
//! while it is copied. What the inner one had handed to its drive is in the copy, what only the
//! system's memory held is not, and its journal is replayed when the copy is mounted.
//!
//! Then everything that was acknowledged before the copy began must be there, nothing may be there
//! that nobody has committed, and what was committed together is there together.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use forebay_checkpoint::FileStore;

use crate::notice::{figures, is_root, not_checked, works};
use crate::other::Other;
use crate::places::{has_own_mounts, run};
use crate::progress::{pair, reached};
use crate::{names, nowhere};

const PROCESSES: u8 = 3;
/// So many steps are made between two copies, by all together.
const STEPS: usize = 25;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn mounts(image: &Path, at: &Path) -> bool {
    fs::create_dir_all(at).unwrap();
    works("mount", &["-o", "loop", text(image), text(at)])
}

fn make(image: &Path, mebibytes: u64) {
    let file = fs::File::create(image).unwrap();
    file.set_len(mebibytes << 20).unwrap();
    run("mkfs.ext4", &["-q", text(image)]);
}

/// A file system that takes no writes until this is dropped.
struct Frozen<'a>(&'a str);

impl<'a> Frozen<'a> {
    fn new(at: &'a Path) -> Self {
        let at = text(at);
        run("fsfreeze", &["--freeze", at]);
        Self(at)
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        run("fsfreeze", &["--unfreeze", self.0]);
    }
}

/// Hears what process says that it has made which step.
fn rise(path: &Path) -> Receiver<(usize, u64)> {
    let (says, heard) = mpsc::channel();
    for number in 0..PROCESSES {
        let mut other = Other::start(path, &format!("rise {number} {}", u32::MAX));
        let says = says.clone();
        thread::spawn(move || {
            while let Some(said) = other.hear() {
                let step = said.parse().unwrap();
                if says.send((usize::from(number), step)).is_err() {
                    other.kill();
                }
            }
        });
    }
    heard
}

/// What was found on the images so far, and what is known to have been acknowledged.
#[derive(Debug, Default)]
struct Seen {
    told: [u64; PROCESSES as usize],
    left: [u64; PROCESSES as usize],
    torn: u64,
    leftovers: usize,
}

impl Seen {
    /// Opens the store on a file system that lost its power.
    fn look(&mut self, folder: &Path) {
        let path = folder.join("offsets");
        assert_eq!(FileStore::verify(&path).unwrap().damage, None);
        let store = FileStore::open(&path).unwrap();
        self.torn += store.stats().torn_tails;
        for number in 0..PROCESSES {
            let (told, left) = (
                self.told[usize::from(number)],
                &mut self.left[usize::from(number)],
            );
            let load = |key: &_| store.load_now(key);
            let step = load(&pair(number)[0]).map_or(0, |found| found.sequence().get());
            assert!(step >= told.max(*left), "{step}, though {self:?}");
            // It may have made more steps than it was heard to say until then.
            *left = reached(number, told, step, load);
        }
        store.close_blocking().unwrap();
        let names = names(folder);
        let expected = ["lost+found", "offsets", "offsets.compact"];
        let is_expected = |name: &String| expected.contains(&name.as_str());
        assert!(names.iter().all(is_expected), "{names:?}");
        self.leftovers += names.len() - 2;
    }
}

#[test]
fn a_power_cut_leaves_what_was_acknowledged() {
    let test = "images::a_power_cut_leaves_what_was_acknowledged";
    let what = "images of a file system";
    if !is_root() || !works("mkfs.ext4", &["-V"]) || !works("fsfreeze", &["--version"]) {
        return not_checked(&format!("{what}: they need root, mkfs.ext4 and fsfreeze"));
    }
    if !has_own_mounts(test) {
        return;
    }
    let asked = std::env::var("FOREBAY_CHECKPOINT_IMAGES");
    let count = asked.map_or(12, |asked| asked.parse().unwrap());
    let (folder, _) = nowhere();
    let [image, copy, outer, inner, looked_at] =
        ["image", "copy", "outer", "inner", "looked"].map(|name| folder.path().join(name));
    make(&image, 96);
    if !mounts(&image, &outer) {
        return not_checked(&format!("{what}: no loop device"));
    }
    let original = outer.join("image");
    make(&original, 24);
    assert!(mounts(&original, &inner));

    let path = inner.join("offsets");
    let heard = rise(&path);
    let mut seen = Seen::default();
    for _ in 0..count {
        for (number, step) in heard.iter().take(STEPS) {
            seen.told[number] = step;
        }
        let frozen = Frozen::new(&outer);
        // A file of its own each time: the system may still have something of the last one.
        let cp = ["--sparse=always", "--remove-destination"];
        run("cp", &[&cp[..], &[text(&original), text(&copy)]].concat());
        drop(frozen);
        assert!(mounts(&copy, &looked_at));
        seen.look(&looked_at);
        run("umount", &[text(&looked_at)]);
    }
    // No image was ahead of those who wrote.
    let patient = FileStore::options().lock_timeout(None);
    let store = patient.open(&path).unwrap();
    drop(heard);
    for (number, left) in (0..).zip(seen.left) {
        let [key, _] = pair(number);
        let step = store.load_fresh_blocking(&key).unwrap().unwrap();
        assert!(left <= step.sequence().get());
    }
    figures(&format!("{count} images: {seen:?}"));
}
