# maxstat::maxstat.test(smethod = "LogRank") of made-up cohorts. Run in this folder: Rscript make.R
# cutpoint.json: time, event and marker of each set; statistic, estimate and p by pmethod, for two minprop.
suppressMessages({
  library(survival)
  library(maxstat)
})
set.seed(99)
cohort <- function(n, effect, digits, day) {
  marker <- round(rnorm(n), digits)
  death <- rexp(n, exp(effect * (marker > 0.3)) / 30)
  end <- runif(n, 5, 60)
  data.frame(time = ceiling(pmin(death, end) * day) / day, event = as.integer(death <= end), marker = marker)
}
sets <- list(
  strong = cohort(80, 1, 3, 1000), none = cohort(60, 0, 3, 1000), tied = cohort(90, 0.6, 1, 1), coarse = cohort(50, 0.8, 0, 1),
  small = cohort(20, 1, 2, 10), large = cohort(150, 0.4, 4, 2)
)
answer <- lapply(sets, function(d) {
  fits <- list()
  for (minprop in c(0.1, 0.25)) for (pmethod in c("Lau92", "Lau94", "HL")) {
    fit <- maxstat.test(Surv(time, event) ~ marker, data = d, smethod = "LogRank", pmethod = pmethod, minprop = minprop,
                        maxprop = 1 - minprop)
    fits[[length(fits) + 1]] <- list(pmethod = pmethod, minprop = minprop, statistic = unname(fit$statistic),
                                     estimate = unname(fit$estimate), p = unname(fit$p.value), cuts = length(fit$cuts))
  }
  quantiles <- lapply(c(2, 3, 4), function(k) {
    cuts <- unique(quantile(d$marker, seq_len(k - 1) / k, names = FALSE))
    test <- survdiff(Surv(time, event) ~ findInterval(-d$marker, sort(-cuts)), data = d)
    list(cuts = as.list(cuts), chi2 = test$chisq, n = as.list(unname(rev(as.vector(test$n)))),
         events = as.list(rev(tapply(d$event, findInterval(-d$marker, sort(-cuts)), sum))))
  })
  list(time = d$time, event = d$event, marker = d$marker, fits = fits, quantiles = quantiles)
})
jsonlite::write_json(answer, "cutpoint.json", digits = I(17), auto_unbox = TRUE)
