//! Estimates the work time of jobs by linear regression over recent ones.

/// Least number of jobs for an estimate.
const JOBS_MIN: u32 = 20;
/// Least relative standard deviation of the durations for which a slope is estimated.
const SPREAD_MIN: f64 = 0.05;
/// No job takes less.
/// Units: milliseconds.
const WORK_MS_MIN: f64 = 1_000.0;

/// Sums over the recent jobs of one model on pictures of one class, the latest counting most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WorkHistory {
    /// Number of jobs ever recorded.
    pub jobs: u32,
    /// The sum of the jobs' weights, each job's own weight falling with age.
    pub weight: f64,
    pub duration_ms: f64,
    pub work_ms: f64,
    pub duration_ms_squared: f64,
    pub duration_ms_by_work_ms: f64,
}

impl WorkHistory {
    /// About how long a job on a video of this length takes, from its queue to its end; none while
    /// too few were seen.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "durations")]
    pub fn expected_work_ms(&self, duration_ms: u64) -> Option<u64> {
        if self.jobs < JOBS_MIN || self.weight <= 0.0 {
            return None;
        }
        let (mean_duration, mean_work) = (self.duration_ms / self.weight, self.work_ms / self.weight);
        let variance = self.duration_ms_squared / self.weight - mean_duration * mean_duration;
        let covariance = self.duration_ms_by_work_ms / self.weight - mean_duration * mean_work;
        let spread = variance.max(0.0).sqrt();
        // With durations that hardly differ the slope is unknown; work proportional to the duration
        // is the best guess.
        let slope = if spread > SPREAD_MIN * mean_duration { covariance / variance } else { mean_work / mean_duration.max(1.0) };
        let slope = slope.clamp(0.0, mean_work / mean_duration.max(1.0));
        let work_ms = mean_work + slope * (duration_ms as f64 - mean_duration);
        Some(work_ms.max(WORK_MS_MIN).round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(jobs: &[(f64, f64)]) -> WorkHistory {
        let sum = |value: fn(&(f64, f64)) -> f64| jobs.iter().map(value).sum();
        WorkHistory {
            jobs: u32::try_from(jobs.len()).unwrap(),
            weight: f64::from(u32::try_from(jobs.len()).unwrap()),
            duration_ms: sum(|job| job.0),
            work_ms: sum(|job| job.1),
            duration_ms_squared: sum(|job| job.0 * job.0),
            duration_ms_by_work_ms: sum(|job| job.0 * job.1),
        }
    }

    #[test]
    fn a_line_through_the_jobs_is_followed() {
        let jobs: Vec<_> = (1..=20).map(|n| (f64::from(n) * 1_000.0, 4_000.0 + f64::from(n) * 2_000.0)).collect();
        let history = history(&jobs);
        assert_eq!(history.expected_work_ms(5_000), Some(14_000));
        assert_eq!(history.expected_work_ms(60_000), Some(124_000));
    }

    #[test]
    fn jobs_of_one_length_are_scaled_and_few_jobs_say_nothing() {
        assert_eq!(history(&[(10_000.0, 30_000.0); 20]).expected_work_ms(20_000), Some(60_000));
        assert_eq!(history(&[(10_000.0, 30_000.0); 20]).expected_work_ms(1), Some(1_000));
        assert_eq!(history(&[(10_000.0, 30_000.0); 19]).expected_work_ms(10_000), None);
    }

    #[test]
    fn work_never_shrinks_with_length() {
        let jobs: Vec<_> = (1..=20).map(|n| (f64::from(n) * 1_000.0, 50_000.0 - f64::from(n) * 1_000.0)).collect();
        assert_eq!(history(&jobs).expected_work_ms(1_000), history(&jobs).expected_work_ms(100_000));
    }
}
