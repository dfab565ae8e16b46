# Curves of R's survfit on made data: weights, late entry, groups, every conf.type, ctype, restricted means at tau, and
# summary(times =). Writes curves_data.csv and curves.json beside itself: Rscript curves.R
suppressMessages({library(survival); library(jsonlite)})
set.seed(20240)
n <- 50
stop <- ceiling(rexp(n, 1 / 20) * 2) / 2
d <- data.frame(
  start = round(pmax(0, stop - ceiling(rexp(n, 1 / 15))) * 2) / 2,
  stop = stop,
  event = rbinom(n, 1, 0.6),
  group = sample(1:3, n, TRUE),
  weight = sample(1:4, n, TRUE),
  # Eighths, whose sums are exact: R leaves a trace of survival where everyone had the event and sums are rounded.
  fraction = sample(2:20, n, TRUE) / 8
)
write.csv(d, "curves_data.csv", row.names = FALSE)

forms <- list(
  plain = list(y = Surv(d$stop, d$event), w = rep(1, n)),
  weighted = list(y = Surv(d$stop, d$event), w = d$weight),
  fraction = list(y = Surv(d$stop, d$event), w = d$fraction),
  late = list(y = Surv(d$start, d$stop, d$event), w = rep(1, n)),
  late_fraction = list(y = Surv(d$start, d$stop, d$event), w = d$fraction)
)
times <- c(-1, 0, 0.5, 3.2, 10, 17.25, 40, 1000)
taus <- c(5.25, 20, 33, 500)
number <- function(x) ifelse(is.finite(x), x, NA)
out <- list(times = times, taus = taus)
for (name in names(forms)) {
  y <- forms[[name]]$y
  w <- forms[[name]]$w
  one <- list()
  for (by in c("all", "group")) {
    g <- if (by == "all") rep(1, n) else d$group
    fit <- survfit(y ~ g, weights = w, robust = FALSE)
    fh <- survfit(y ~ g, weights = w, robust = FALSE, ctype = 2)
    strata <- rep(seq_along(fit$n), if (is.null(fit$strata)) length(fit$time) else fit$strata)
    limits <- list()
    quantiles <- list()
    for (type in c("log", "log-log", "plain", "logit", "arcsin")) {
      f <- survfit(y ~ g, weights = w, robust = FALSE, conf.type = type, conf.int = 0.9)
      limits[[type]] <- list(lower = number(f$lower), upper = number(f$upper))
      q <- quantile(f, c(0.1, 0.25, 0.5, 0.75, 0.9))
      quantiles[[type]] <- lapply(q, function(m) matrix(m, ncol = 5))
    }
    hazard_limits <- list()
    for (type in c("log", "plain")) {
      l <- survival:::survfit_confint(fit$cumhaz, fit$std.chaz, logse = FALSE, conf.type = type, conf.int = 0.95, ulimit = FALSE)
      hazard_limits[[type]] <- list(lower = number(l$lower), upper = number(l$upper))
    }
    s <- summary(fit, times = times, extend = TRUE)
    means <- lapply(taus, function(tau) {
      t <- summary(fit, rmean = tau)$table
      t <- if (is.matrix(t)) t else t(t)
      list(mean = unname(t[, "rmean"]), se = unname(t[, "se(rmean)"]))
    })
    one[[by]] <- list(
      stratum = strata, time = fit$time, n_risk = fit$n.risk, n_event = fit$n.event, n_censor = fit$n.censor,
      surv = fit$surv, se = number(fit$std.err * fit$surv), cumhaz = fit$cumhaz, se_cumhaz = fit$std.chaz,
      cumhaz_fh = fh$cumhaz, se_cumhaz_fh = fh$std.chaz, limits = limits, hazard_limits = hazard_limits,
      quantiles = quantiles,
      at = list(
        stratum = if (is.null(s$strata)) rep(1, length(s$time)) else as.integer(s$strata),
        n_risk = s$n.risk, n_event = s$n.event, n_censor = s$n.censor, surv = s$surv, se = number(s$std.err),
        lower = number(s$lower), upper = number(s$upper)
      ),
      means = means
    )
  }
  out[[name]] <- one
}
write_json(out, "curves.json", digits = I(17), na = "null", null = "null", auto_unbox = FALSE)
