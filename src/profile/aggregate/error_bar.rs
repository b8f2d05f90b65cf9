//! What a number of samples allows to say.

/// Quantile of the normal distribution that leaves 2.5 % on each side.
const Z: f64 = 1.959_963_984_540_054;

/// 95 % error of the share `k / n`: how far the true share can reasonably be from it, as a share (0 to 1).
///
/// Each sample is taken to hit the row or not, independently (a binomial draw). The interval is Wilson's, which stays inside
/// 0 to 1 and says something sensible for 0 or `n` hits and for few samples, where the normal approximation claims certainty. It is
/// not symmetric about `k / n`; the farther end is returned, so that `k / n ± error` always contains it. 1 without samples.
pub fn share_error(k: u64, n: u64) -> f64 {
    if n == 0 {
        return 1.0;
    }
    let (n, p) = (n as f64, (k.min(n) as f64) / n as f64);
    let z2 = Z * Z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    (half + (centre - p).abs()).min(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 5e-5
    }

    #[test]
    fn agrees_with_published_wilson_intervals() {
        // 0 of 10: 0 to 0.2775; 10 of 10: the mirror image; 1 of 10: 0.0179 to 0.4042 (Newcombe 1998, method 3).
        assert!(close(share_error(0, 10), 0.27754), "{}", share_error(0, 10));
        assert!(close(share_error(10, 10), 0.27754));
        assert!(close(share_error(1, 10), 0.40415 - 0.1), "{}", share_error(1, 10));
        assert_eq!(share_error(0, 0), 1.0);
    }

    #[test]
    fn many_samples_give_the_textbook_error() {
        let (k, n) = (3_000_u64, 10_000_u64);
        let normal = 1.96 * (0.3_f64 * 0.7 / n as f64).sqrt();
        assert!((share_error(k, n) - normal).abs() < 2e-4);
    }

    proptest! {
        #[test]
        fn is_a_share_and_shrinks_with_more_samples(k in 0u64..1000, more in 0u64..1000) {
            let n = k + more + 1;
            let error = share_error(k, n);
            prop_assert!(error > 0.0 && error <= 1.0);
            prop_assert!(share_error(k * 4, n * 4) < error);
        }
    }
}
