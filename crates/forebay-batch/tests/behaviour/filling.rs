//! What happens while answers are being put into the cache.
//!
//! The cache here calls back at that very instant, before or after it has put an answer in, and so
//! plays the part of another thread.
//!
//! * A load that starts after a clear never gets an answer from before it, nor does `peek`.
//! * What a user puts in then is not followed by the older answer of the call.
//! * Once that has been sorted out, the cache is asked again.

use std::sync::{Arc, Mutex, OnceLock};

use forebay_batch::{Batcher, Cache, PerRequest};
use forebay_core::LoadResult;

use crate::backend::{Error, Step, Value};
use crate::hand::{Hand, at_once};
use crate::scene::{Answer, Scene, read};

type Handle = Batcher<u32, Value<u32>, Error>;
type Hook = dyn Fn(&Handle) + Send + Sync;

/// When, beside an insertion, something happens.
#[derive(Clone, Copy, Debug)]
enum When {
    Before,
    After,
}

/// Does something while the answer of this key is put in, once.
struct Eventful {
    kept: PerRequest<u32, Value<u32>, Error>,
    batcher: Arc<OnceLock<Handle>>,
    key: u32,
    when: When,
    hook: Mutex<Option<Box<Hook>>>,
}

impl Eventful {
    fn happens(&self) {
        let hook = self.hook.lock().unwrap().take();
        if let Some((hook, batcher)) = hook.zip(self.batcher.get()) {
            hook(batcher);
        }
    }
}

impl Cache<u32, Value<u32>, Error> for Eventful {
    fn get(&self, key: &u32) -> Option<LoadResult<Value<u32>, Error>> {
        self.kept.get(key)
    }

    fn insert(&self, key: u32, answer: LoadResult<Value<u32>, Error>) {
        let is_it = key == self.key;
        if is_it && matches!(self.when, When::Before) {
            self.happens();
        }
        self.kept.insert(key, answer);
        if is_it && matches!(self.when, When::After) {
            self.happens();
        }
    }

    fn remove(&self, key: &u32) {
        self.kept.remove(key);
    }

    fn clear(&self) {
        self.kept.clear();
    }
}

/// A scene in which something happens while the answer of `key` is put in.
fn eventful(key: u32, when: When, hook: impl Fn(&Handle) + Send + Sync + 'static) -> Scene {
    let batcher = Arc::new(OnceLock::new());
    let cache = Eventful {
        kept: PerRequest::new(),
        batcher: Arc::clone(&batcher),
        key,
        when,
        hook: Mutex::new(Some(Box::new(hook))),
    };
    let scene = Scene::new(|builder| builder.cache(cache).cache_missing(false));
    let _ = batcher.set(scene.batcher.clone());
    scene
}

/// The first answers of keys 1, 2 and 3, of which the last has no value.
fn first_answers(scene: &Scene) -> [Answer; 3] {
    let mut loads = [1, 2, 3].map(|key| {
        let batcher = scene.batcher.clone();
        Hand::new(async move { batcher.load(&key).await })
    });
    loads.iter_mut().for_each(Hand::still_waits);
    scene.run();
    let end = Step::end(|call, _: &[u32], answers| {
        answers.set(0, (1, call));
        answers.set(1, (2, call));
        Ok(())
    });
    scene.backend.step(0, end);
    scene.run();
    loads.map(Hand::woken)
}

/// Loads a key, with a call if it has to.
fn load(scene: &Scene, key: u32) -> Answer {
    let mut load = Hand::new(scene.batcher.load(&key));
    if let std::task::Poll::Ready(answer) = load.poll() {
        return answer;
    }
    scene.finish();
    load.woken()
}

const WHENS: [When; 2] = [When::Before, When::After];

#[test]
fn load_after_a_clear_never_gets_what_is_being_put_in() {
    for when in WHENS {
        // The key that is being put in, one that was or will be, one that is not, and all.
        for cleared in [Some(1), Some(2), Some(3), None] {
            let started = Arc::new(Mutex::new(Vec::new()));
            let kept = Arc::clone(&started);
            let scene = eventful(1, when, move |batcher| {
                match cleared {
                    Some(key) => batcher.clear(&key),
                    None => batcher.clear_all(),
                }
                for key in cleared.map_or_else(|| vec![1, 2, 3], |key| vec![key]) {
                    assert_eq!(batcher.peek(&key), None, "{when:?} {cleared:?}");
                    let batcher = batcher.clone();
                    let load = async move { batcher.load(&key).await };
                    let mut load = Box::pin(load);
                    let noop = std::task::Waker::noop();
                    let poll = load
                        .as_mut()
                        .poll(&mut std::task::Context::from_waker(noop));
                    assert!(poll.is_pending(), "{when:?} {cleared:?}");
                    kept.lock().unwrap().push((key, load));
                }
            });
            assert_eq!(first_answers(&scene), [read(1, 0), read(2, 0), Ok(None)]);
            scene.finish();
            for (key, load) in started.lock().unwrap().drain(..) {
                assert_eq!(at_once(load), read(key, 1), "{when:?} {cleared:?}");
            }
        }
    }
}

#[test]
fn cache_is_asked_again_afterwards() {
    for when in WHENS {
        for cleared in [Some(1), Some(2), Some(3), None] {
            let scene = eventful(1, when, move |batcher| match cleared {
                Some(key) => batcher.clear(&key),
                None => batcher.clear_all(),
            });
            let _ = first_answers(&scene);
            for key in [1, 2, 3] {
                let is_kept = key != 3 && cleared.is_some_and(|cleared| cleared != key);
                let expected = is_kept.then(|| read(key, 0));
                assert_eq!(scene.batcher.peek(&key), expected, "{when:?} {cleared:?}");
            }
            // Whatever was cleared, it can be kept again.
            for key in [1, 2, 3] {
                let answer = load(&scene, key);
                assert_eq!(
                    at_once(scene.batcher.load(&key)),
                    answer,
                    "{when:?} {cleared:?}"
                );
            }
        }
    }
}

#[test]
fn fresh_load_is_not_answered_by_what_is_being_put_in() {
    for when in WHENS {
        let scene = eventful(1, when, |batcher| {
            let batcher = batcher.clone();
            let mut load = Box::pin(async move { batcher.load_fresh(&1).await });
            let noop = std::task::Waker::noop();
            let poll = load
                .as_mut()
                .poll(&mut std::task::Context::from_waker(noop));
            assert!(poll.is_pending());
        });
        let _ = first_answers(&scene);
        scene.finish();
        // What the fresh load has made stale is not kept, and it was given up itself.
        assert_eq!(scene.batcher.peek(&1), None, "{when:?}");
        assert_eq!(scene.batcher.peek(&2), Some(read(2, 0)));
    }
}

#[test]
fn older_answer_does_not_follow_what_a_user_puts_in() {
    for when in WHENS {
        let puts: [fn(&Handle); 2] = [
            |batcher| batcher.replace(1, Some((1, 77))),
            |batcher| {
                batcher.clear(&1);
                batcher.prime(1, Some((1, 77)));
            },
        ];
        for put in puts {
            let scene = eventful(1, when, put);
            assert_eq!(first_answers(&scene)[0], read(1, 0));
            // A cache may forget, so the value is there or nothing is.
            let answer = scene.batcher.peek(&1);
            assert!(
                answer.is_none() || answer == Some(read(1, 77)),
                "{when:?}: {answer:?}"
            );
            assert_ne!(load(&scene, 1), read(1, 0));
        }
    }
}

#[test]
fn key_that_is_cleared_twice_is_sorted_out_once() {
    for when in WHENS {
        let scene = eventful(1, when, |batcher| {
            batcher.clear(&1);
            batcher.clear(&1);
            batcher.clear_all();
            batcher.clear(&2);
        });
        let _ = first_answers(&scene);
        let answer = load(&scene, 1);
        assert_eq!(answer, read(1, 1));
        assert_eq!(at_once(scene.batcher.load(&1)), answer);
    }
}

#[test]
fn call_that_is_given_up_while_it_is_put_in_leaves_the_cache_usable() {
    for when in WHENS {
        let loads = Arc::new(Mutex::new(Vec::new()));
        let dropped = Arc::clone(&loads);
        let scene = eventful(1, when, move |_| {
            drop(std::mem::take(&mut *dropped.lock().unwrap()))
        });
        let batcher = scene.batcher.clone();
        let mut load_1 = Box::pin(async move { batcher.load(&1).await });
        let noop = std::task::Waker::noop();
        let poll = load_1
            .as_mut()
            .poll(&mut std::task::Context::from_waker(noop));
        assert!(poll.is_pending());
        loads.lock().unwrap().push(load_1);
        scene.finish();
        let answer = load(&scene, 1);
        assert_eq!(at_once(scene.batcher.load(&1)), answer, "{when:?}");
        scene.is_over();
    }
}

#[test]
fn cache_that_panics_keeps_nobody_from_their_answers() {
    for when in WHENS {
        let scene = eventful(1, when, |_| {
            std::panic::resume_unwind(Box::new("cache is full"))
        });
        assert_eq!(first_answers(&scene), [read(1, 0), read(2, 0), Ok(None)]);
        assert_eq!(scene.batcher.peek(&2), Some(read(2, 0)));
        scene.is_over();
    }
}
