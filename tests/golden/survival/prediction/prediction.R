# Brier scores, their standard errors and differences by riskRegression's Score, calibration by survfit and coxph, decision
# curves by survfit, on made data with ties. Writes data.csv and prediction.json beside itself: Rscript prediction.R
suppressMessages({library(survival); library(riskRegression); library(data.table); library(jsonlite)})
set.seed(77)
n <- 120
x <- rnorm(n)
z <- rnorm(n)
death <- rexp(n, 0.04 * exp(0.8 * x + 0.4 * z))
end <- runif(n, 4, 40)
d <- data.frame(time = ceiling(pmin(death, end)), status = as.integer(death <= end))
times <- c(5, 10, 17.5, 25)
hazard <- 0.04 * times
risk <- function(lp) sapply(hazard, function(h) round(1 - exp(-h * exp(lp)), 6))
a <- risk(0.6 * x + 0.2 * z)
# Few values, so that there are ties.
b <- risk(round(0.9 * x))
colnames(a) <- paste0("a", seq_along(times))
colnames(b) <- paste0("b", seq_along(times))
write.csv(cbind(d, a, b), "data.csv", row.names = FALSE)

s <- Score(list(a = a, b = b), formula = Surv(time, status) ~ 1, data = d, times = times, metrics = "brier",
  summary = c("ipa", "ibs"), null.model = TRUE, cens.model = "km", contrasts = TRUE)
score <- function(m) {
  r <- s$Brier$score[model == m]
  as.list(r[, .(Brier, se, lower, upper, IBS, IPA)])
}
contrast <- s$Brier$contrasts[model == "b" & reference == "a"]
out <- list(
  times = times, null = score("Null model"), a = score("a"), b = score("b"),
  b_less_a = as.list(contrast[, .(delta.Brier, se, lower, upper, p)])
)

# Calibration at the third time by quarters of the risk.
t <- times[3]
calibrate <- function(r, count) {
  bin <- cut(r, unique(quantile(r, seq(0, 1, length.out = count + 1))), include.lowest = TRUE, labels = FALSE)
  fit <- summary(survfit(Surv(time, status) ~ bin, d, conf.type = "log-log"), times = t, extend = TRUE)
  mean_predicted <- as.numeric(tapply(r, bin, mean))
  all <- summary(survfit(Surv(time, status) ~ 1, d), times = t)
  cox <- coxph(Surv(time, status) ~ lp, data.frame(d, lp = log(-log(1 - r))), control = coxph.control(eps = 1e-14, toler.chol = 1e-15))
  gnd <- sum((1 - fit$surv - mean_predicted)^2 / fit$std.err^2)
  oe <- (1 - all$surv) / mean(r)
  half <- qnorm(0.975) * all$std.err / (1 - all$surv)
  list(
    n = as.numeric(table(bin)), mean_predicted = mean_predicted, observed = 1 - fit$surv, se = fit$std.err,
    lower = 1 - fit$upper, upper = 1 - fit$lower, events = as.numeric(tapply(d$status * (d$time <= t), bin, sum)),
    slope = unname(coef(cox)), slope_se = sqrt(vcov(cox)[1, 1]), oe = oe, oe_lower = oe * exp(-half), oe_upper = oe * exp(half),
    gnd = gnd, gnd_p = pchisq(gnd, length(mean_predicted) - 1, lower.tail = FALSE)
  )
}
out$calibration <- list(a = calibrate(a[, 3], 4), b = calibrate(b[, 3], 10))

decide <- function(r) {
  thresholds <- c(0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
  benefit <- function(keep, odds) {
    if (!any(keep)) return(0)
    surv <- summary(survfit(Surv(time, status) ~ 1, d[keep, ]), times = t, extend = TRUE)$surv
    ((1 - surv) - surv * odds) * mean(keep)
  }
  odds <- thresholds / (1 - thresholds)
  model <- mapply(function(p, o) benefit(r >= p, o), thresholds, odds)
  all <- sapply(odds, function(o) benefit(rep(TRUE, n), o))
  list(thresholds = thresholds, model = model, all = all, positives = sapply(thresholds, function(p) sum(r >= p)))
}
out$decision <- list(a = decide(a[, 3]), b = decide(b[, 3]))
write_json(out, "prediction.json", digits = NA, auto_unbox = TRUE, na = "null")
