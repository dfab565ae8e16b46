# Pairwise and trend tests on made data by R's survdiff, p.adjust and coxph: the trend over groups is the score test of the
# scores in a Cox model where times are not tied. Writes data.csv and log_rank.json beside itself: Rscript log_rank.R
suppressMessages({library(survival); library(jsonlite)})
set.seed(404)
n <- 90
group <- sample(c(2, 5, 6, 9), n, TRUE, c(4, 3, 2, 1))
time <- rexp(n, 0.05 * exp(0.15 * group))
d <- data.frame(
  time = signif(time, 9), day = ceiling(time * 2), event = rbinom(n, 1, 0.7), group = group, stratum = sample(1:3, n, TRUE)
)
stopifnot(!anyDuplicated(d$time))
write.csv(d, "data.csv", row.names = FALSE)
pairs <- combn(sort(unique(d$group)), 2)
pairwise <- function(formula, rho) {
  p <- apply(pairs, 2, function(pair) {
    s <- survdiff(formula, data = d[d$group %in% pair, ], rho = rho)
    c(s$chisq, pchisq(s$chisq, 1, lower.tail = FALSE))
  })
  list(chi2 = p[1, ], p = p[2, ], bh = p.adjust(p[2, ], "BH"), holm = p.adjust(p[2, ], "holm"))
}
trend <- function(scores, strata) {
  x <- scores[match(d$group, c(2, 5, 6, 9))]
  fit <- if (strata) coxph(Surv(time, event) ~ x + strata(stratum), d) else coxph(Surv(time, event) ~ x, d)
  fit$score
}
out <- list(
  first = pairs[1, ], second = pairs[2, ],
  rho0 = pairwise(Surv(day, event) ~ group, 0),
  rho1 = pairwise(Surv(day, event) ~ group, 1),
  strata = pairwise(Surv(day, event) ~ group + strata(stratum), 0),
  trend = trend(c(1, 2, 3, 4), FALSE), trend_strata = trend(c(1, 2, 3, 4), TRUE),
  trend_codes = trend(c(2, 5, 6, 9), FALSE)
)
write_json(out, "log_rank.json", digits = NA, auto_unbox = TRUE)
