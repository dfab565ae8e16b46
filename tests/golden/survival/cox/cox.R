# What follows a Cox fit, by R's survival package: residuals, baseline hazards, curves, tests of proportional hazards,
# cluster variances, exact ties. Run in this folder; needs survival and jsonlite. Data are made here and lie in the answers.
suppressMessages({library(survival); library(jsonlite)})

set.seed(20)
n <- 72
d <- data.frame(
  start = sample(0:6, n, TRUE), x = round(rnorm(n), 2), z = rbinom(n, 1, 0.4),
  arm = factor(sample(c("a", "b", "c"), n, TRUE)), g = sample(1:3, n, TRUE), id = sample(1:25, n, TRUE),
  whole = sample(1:3, n, TRUE), part = round(runif(n, 0.2, 2), 2)
)
d$stop <- d$start + pmax(1, ceiling(rexp(n, 0.12 * exp(0.5 * d$x - 0.4 * d$z))))
d$event <- as.numeric(rbinom(n, 1, 0.7))
d$start <- as.numeric(d$start)
d$whole <- as.numeric(d$whole)
d$b <- as.integer(d$arm == "b")
d$c <- as.integer(d$arm == "c")

control <- suppressWarnings(coxph.control(eps = 1e-15, iter.max = 40, toler.inf = 1e-6))
columns <- function(m) unname(lapply(seq_len(ncol(m)), function(j) unname(m[, j])))

answers <- function(left, ties, strata = FALSE, weights = NULL, cluster = FALSE) {
  formula <- as.formula(paste(left, "~ x + z + b + c", if (strata) "+ strata(g)"))
  d$w <- if (is.null(weights)) 1 else d[[weights]]
  call <- list(formula = formula, data = d, ties = ties, control = control, x = TRUE)
  if (!is.null(weights)) call$weights <- quote(w)
  if (cluster) call$cluster <- quote(id)
  fit <- suppressWarnings(do.call(coxph, call))
  answer <- list(left = left, ties = ties, strata = strata, weights = weights, cluster = cluster,
    coef = unname(coef(fit)), var = as.vector(fit$var), loglik = fit$loglik, score = fit$score, wald = fit$wald.test,
    means = unname(fit$means), c = unname(fit$concordance["concordance"]), c_se = unname(fit$concordance["std"]),
    martingale = unname(residuals(fit, "martingale")), deviance = unname(residuals(fit, "deviance")))
  if (ties != "exact") {
    answer$score_residuals <- columns(residuals(fit, "score"))
    answer$dfbeta <- columns(residuals(fit, "dfbeta"))
    answer$dfbetas <- columns(residuals(fit, "dfbetas"))
    schoenfeld <- residuals(fit, "schoenfeld")
    answer$schoenfeld_time <- as.numeric(rownames(schoenfeld))
    answer$schoenfeld <- columns(schoenfeld)
    answer$scaled <- columns(residuals(fit, "scaledsch"))
  }
  for (centred in c(TRUE, FALSE)) {
    h <- basehaz(fit, centered = centred)
    answer[[if (centred) "basehaz_mean" else "basehaz_zero"]] <- list(time = h$time, hazard = h$hazard,
      strata = if (strata) as.integer(h$strata))
  }
  new <- data.frame(x = c(0.4, -1), z = c(1, 0), b = c(0, 1), c = c(1, 0), g = c(1, 3))
  for (type in c("log", "log-log", "plain")) {
    curves <- lapply(1:2, function(i) {
      s <- survfit(fit, newdata = new[i, ], conf.type = type)
      list(time = s$time, n_risk = s$n.risk, n_event = s$n.event, n_censor = s$n.censor, surv = s$surv,
        std_err = s$std.err, cumhaz = s$cumhaz, lower = s$lower, upper = s$upper)
    })
    answer[[paste0("curves_", sub("-", "", type))]] <- if (type == "log") curves else
      lapply(curves, function(curve) curve[c("lower", "upper")])
  }
  # The same model with its factor as one term.
  call$formula <- as.formula(paste(left, "~ x + z + arm", if (strata) "+ strata(g)"))
  as_factor <- suppressWarnings(do.call(coxph, call))
  answer$zph <- lapply(c(km = "km", rank = "rank", identity = "identity", log = "log"), function(transform) {
    by_term <- cox.zph(as_factor, transform)
    by_column <- cox.zph(as_factor, transform, terms = FALSE)
    list(terms = unname(by_term$table[, "chisq"]), df = unname(by_term$table[, "df"]), p = unname(by_term$table[, "p"]),
      columns = unname(by_column$table[, "chisq"]), x = by_column$x)
  })
  answer
}

right <- "Surv(stop, event)"
counting <- "Surv(start, stop, event)"
cases <- list()
for (ties in c("efron", "breslow")) {
  cases[[paste0("right_", ties)]] <- answers(right, ties)
  cases[[paste0("right_strata_whole_", ties)]] <- answers(right, ties, TRUE, "whole")
  cases[[paste0("counting_strata_", ties)]] <- answers(counting, ties, TRUE)
  cases[[paste0("counting_part_cluster_", ties)]] <- answers(counting, ties, FALSE, "part", TRUE)
  cases[[paste0("right_strata_cluster_", ties)]] <- answers(right, ties, TRUE, NULL, TRUE)
}
cases$right_exact <- answers(right, "exact")
cases$right_strata_exact <- answers(right, "exact", TRUE)
for (name in names(cases)) {
  writeLines(toJSON(cases[[name]], digits = I(17), auto_unbox = TRUE, null = "null", na = "string"), paste0(name, ".json"))
}
write.csv(d, "data.csv", row.names = FALSE)
# (start, stop] with exact ties: R lists subsets one by one, so that this is small.
s <- d[1:30, ]
fit <- coxph(Surv(start, stop, event) ~ x + z, s, ties = "exact", control = control)
strata <- coxph(Surv(start, stop, event) ~ x + z + strata(g), s, ties = "exact", control = control)
lung_exact <- coxph(Surv(time, status) ~ age + sex + ph.ecog, lung, ties = "exact", control = control)
inst <- coxph(Surv(time, status) ~ age + sex + ph.ecog + wt.loss, lung, cluster = inst, control = control)
answer <- function(fit) list(coef = unname(coef(fit)), var = as.vector(fit$var), loglik = fit$loglik, score = fit$score,
  wald = fit$wald.test, martingale = unname(residuals(fit)), c = unname(fit$concordance["concordance"]),
  c_se = unname(fit$concordance["std"]))
weighted <- tryCatch(coxph(Surv(stop, event) ~ x, d, weights = whole, ties = "exact"), error = conditionMessage)
writeLines(toJSON(list(counting = answer(fit), counting_strata = answer(strata), lung = answer(lung_exact),
  lung_inst = answer(inst), weighted_error = weighted), digits = I(17), auto_unbox = TRUE, na = "string"), "small.json")
