/// The rounds of tasks of one extraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// Images are derived from the one that was read.
    Filters,
    /// Features are computed from the images.
    Features,
}

/// Threads that share the tasks of one extraction.
///
/// The answers do not depend on it: each task has a place of its own for what it finds.
pub trait Workers: Sync {
    /// Runs `task` once for each number below `tasks`, in any order and on any threads, and returns when all are done.
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync));

    /// As [`Workers::run`], for those who want to know what the tasks are, to measure how long they take.
    fn round(&self, _: Round, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        self.run(tasks, task);
    }
}

/// The caller's thread alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

impl Workers for Alone {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks).for_each(task);
    }
}

/// Threads of their own, so many at once.
#[derive(Debug, Clone, Copy)]
pub struct Threads(pub usize);

impl Workers for Threads {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        let next = std::sync::atomic::AtomicUsize::new(0);
        let work = || {
            loop {
                let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if at >= tasks {
                    break;
                }
                task(at);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.0.min(tasks) {
                scope.spawn(work);
            }
            work();
        });
    }
}
