//! Running jobs that are subject to a limit. Only one process opens the file, so the jobs that it runs are all there
//! are.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::domain::limit::Limit;
use crate::store::Job;

/// By kind and by the job's body. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Flows(Arc<Mutex<HashMap<(String, String), Flow>>>);

#[derive(Debug, Default)]
struct Flow {
    running: HashSet<i64>,
    free_at: Option<Instant>,
}

impl Flows {
    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), Flow>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the first of `jobs` that stays within `limit`.
    pub(super) fn take(&self, jobs: Vec<Job>, limit: Limit) -> Option<Job> {
        let (mut flows, now) = (self.lock(), Instant::now());
        jobs.into_iter().find(|job| {
            let flow = flows.entry((job.kind.clone(), job.body.clone())).or_default();
            let has_room = flow.running.len() < limit.at_once() as usize
                && flow.free_at.is_none_or(|free_at| free_at <= now)
                && !flow.running.contains(&job.id);
            if has_room {
                flow.running.insert(job.id);
                flow.free_at = Some(now + limit.spacing());
            }
            has_room
        })
    }

    /// Keeps those of `jobs` that are not running.
    pub(super) fn free(&self, mut jobs: Vec<Job>) -> Vec<Job> {
        let flows = self.lock();
        let is_running = |job: &Job| {
            let flow = flows.get(&(job.kind.clone(), job.body.clone()));
            flow.is_some_and(|flow| flow.running.contains(&job.id))
        };
        jobs.retain(|job| !is_running(job));
        jobs
    }

    pub(super) fn ends(&self, job: &Job) {
        if let Some(flow) = self.lock().get_mut(&(job.kind.clone(), job.body.clone())) {
            flow.running.remove(&job.id);
        }
    }
}
