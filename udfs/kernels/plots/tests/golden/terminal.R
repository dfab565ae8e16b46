# Survival curves and histograms that tests/terminal.rs compares its pictures with.
# Rscript terminal.R; R's survival package holds the data.
library(survival)
options(digits = 17)
full <- function(x) ifelse(is.na(x), "NaN", format(x, digits = 17, trim = TRUE))

curve <- function(data, formula, name) {
  fit <- summary(survfit(formula, data = data), censored = TRUE)
  group <- if (is.null(fit$strata)) rep("All", length(fit$time)) else sub("^[^=]*=", "", as.character(fit$strata))
  data.frame(set = name, group, time = full(fit$time), n_risk = fit$n.risk, n_event = fit$n.event,
             n_censor = fit$n.censor, survival = full(fit$surv), lower = full(fit$lower), upper = full(fit$upper))
}
lung$event <- lung$status == 2
curves <- rbind(curve(aml, Surv(time, status) ~ x, "aml"), curve(lung, Surv(time, event) ~ sex, "lung"))
write.csv(curves, "terminal_curves.csv", row.names = FALSE, quote = FALSE)

# For each: the rule, the values, R's edges and counts.
set <- function(name, values, breaks) {
  found <- hist(values, breaks = breaks, plot = FALSE)
  data.frame(set = name, breaks, values = paste(full(values), collapse = " "),
             edges = paste(full(found$breaks), collapse = " "), counts = paste(found$counts, collapse = " "))
}
set.seed(1)
skewed <- round(rexp(300) * 10, 3)
values <- list(age = lung$age, time = lung$time, small = round(rnorm(40) * 1e-3, 9), skewed = skewed, two = c(1, 2),
               one = 5, equal = rep(3, 9), zero = rep(0, 4), negative = -round(rexp(60), 4), edges = c(0, 10, 20, 20, 30, 40, 50, 60, 70),
               large = round(rnorm(100, 1e6, 10), 2))
rows <- lapply(names(values), function(n) rbind(set(n, values[[n]], "Sturges"),
                                                if (IQR(values[[n]]) > 0) set(n, values[[n]], "FD")))
write.csv(do.call(rbind, rows), "terminal_histograms.csv", row.names = FALSE, quote = FALSE)
