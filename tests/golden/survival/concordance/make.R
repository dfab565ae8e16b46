# Concordance with time weights, case weights, strata, ymax and (start, stop] by R's survival package.
# Run in this folder: Rscript make.R. R 4.2.2, survival 3.5-3.
suppressMessages({
  library(survival)
  library(jsonlite)
})
set.seed(20262)
n <- 200
# Whole days and scores to one decimal: ties everywhere.
a <- round(rnorm(n), 1)
b <- round(0.5 * a + rnorm(n), 1)
c <- round(rnorm(n), 1)
death <- rexp(n, 0.05 * exp(0.5 * a))
end <- runif(n, 3, 40)
time <- ceiling(pmin(death, end))
start <- pmax(0, time - sample(1:20, n, TRUE))
data <- data.frame(start, time, event = as.numeric(death <= end), a, b, c,
  weight = sample(c(0.5, 1, 1.25, 2, 3), n, TRUE), stratum = sample(1:3, n, TRUE, c(5, 4, 1)))
write.csv(data, "data.csv", row.names = FALSE, quote = FALSE)
answer <- function(fit) {
  count <- fit$count
  if (is.matrix(count)) count <- colSums(count)
  list(C = fit$concordance, var = fit$var, counts = unname(count))
}
fits <- list()
for (timewt in c("n", "S", "S/G", "n/G2", "I")) for (ymax in c(0, 15)) {
  args <- list(reverse = TRUE, timewt = timewt, data = data)
  if (ymax > 0) args$ymax <- ymax
  call <- function(formula, ...) answer(do.call(concordance, c(list(formula), args, list(...))))
  key <- paste(timewt, ymax)
  fits[[paste(key, "plain")]] <- call(Surv(time, event) ~ a)
  fits[[paste(key, "weights")]] <- call(Surv(time, event) ~ a, weights = data$weight)
  fits[[paste(key, "strata")]] <- call(Surv(time, event) ~ a + strata(stratum))
  fits[[paste(key, "both")]] <- call(Surv(time, event) ~ a + strata(stratum), weights = data$weight)
  # The other weights are not defined for intervals, and survival 3.5-3 crashes on S and I.
  if (timewt == "n") {
    fits[[paste(key, "intervals")]] <- call(Surv(start, time, event) ~ a + strata(stratum), weights = data$weight)
  }
}
write_json(fits, "weighted.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)

joint <- list()
for (timewt in c("n", "n/G2")) {
  influence <- sapply(c("a", "b", "c"), function(name) {
    concordance(as.formula(paste("Surv(time, event) ~", name)), data, weights = data$weight, reverse = TRUE,
      timewt = timewt, influence = 1)$dfbeta
  })
  C <- sapply(c("a", "b", "c"), function(name) {
    concordance(as.formula(paste("Surv(time, event) ~", name)), data, weights = data$weight, reverse = TRUE,
      timewt = timewt)$concordance
  })
  V <- crossprod(influence)
  contrast <- rbind(c(-1, 1, 0), c(-1, 0, 1))
  difference <- contrast %*% C
  chi2 <- drop(t(difference) %*% solve(contrast %*% V %*% t(contrast), difference))
  se <- sqrt(V[1, 1] + V[2, 2] - 2 * V[1, 2])
  joint[[timewt]] <- list(C = unname(C), var = unname(V), chi2 = chi2, p = pchisq(chi2, 2, lower.tail = FALSE),
    difference = unname(C[1] - C[2]), se = se, p_difference = unname(2 * pnorm(-abs((C[1] - C[2]) / se))))
}
write_json(joint, "joint.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
