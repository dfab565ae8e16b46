# caret::nearZeroVar and var of made-up columns. Run in this folder: Rscript make.R
suppressMessages(library(caret))
set.seed(5)
n <- 60
x <- data.frame(
  normal = round(rnorm(n, 5), 3), rare = c(rep(0, 57), 1, 2, 3), rarer = c(rep(0, 59), 1), constant = 2.5, half = rep(0:1, n / 2),
  missing = c(rep(NA, 30), rep(1, 28), 2, 3), nothing = NA_real_, few = c(rep(NA, 58), 4, 4), integers = rpois(n, 0.2),
  centred = rep(c(-1, 1), n / 2), small = 1e-8 * round(rnorm(n), 2)
)
write.csv(x, "columns.csv", row.names = FALSE)
metrics <- nearZeroVar(x, saveMetrics = TRUE)
spread <- data.frame(
  column = names(x), freq_ratio = metrics$freqRatio, percent_unique = metrics$percentUnique, nzv = metrics$nzv,
  variance = sapply(x, var, na.rm = TRUE), cv = sapply(x, function(v) sd(v, na.rm = TRUE) / abs(mean(v, na.rm = TRUE)))
)
spread[] <- lapply(spread, function(v) if (is.numeric(v)) format(v, digits = 17, scientific = TRUE, trim = TRUE) else v)
write.csv(spread, "spread.csv", row.names = FALSE, quote = FALSE)
