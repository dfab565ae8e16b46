# Bootstrap of Harrell's concordance by R's boot package, of the data beside concordance/make.R.
# Run in this folder: Rscript make.R. R 4.2.2, survival 3.5-3, boot 1.3-28.
suppressMessages({
  library(survival)
  library(boot)
  library(jsonlite)
})
data <- read.csv("../concordance/data.csv")
set.seed(20263)
statistic <- function(data, rows) {
  drawn <- data[rows, ]
  C <- sapply(c("a", "b"), function(name) {
    concordancefit(Surv(drawn$time, drawn$event), drawn[[name]], reverse = TRUE, std.err = FALSE)$concordance
  })
  c(C, C[1] - C[2])
}
found <- boot(data, statistic, 20000)
interval <- function(index) {
  ci <- boot.ci(found, type = c("norm", "basic", "perc"), index = index)
  list(estimate = unname(found$t0[index]), se = sd(found$t[, index]), percentile = ci$percent[4:5],
    basic = ci$basic[4:5], normal = ci$normal[2:3])
}
write_json(list(a = interval(1), b = interval(2), difference = interval(3)), "boot.json", digits = NA,
  auto_unbox = TRUE, pretty = TRUE)
