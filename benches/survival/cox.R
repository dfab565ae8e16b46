# Times R's survival package on the data that the example cox_speed wrote, in CPU seconds, the shortest of some runs:
#   cargo run --release -p radsql-survival --example cox_speed -- FOLDER
#   Rscript benches/survival/cox.R FOLDER
suppressMessages(library(survival))
folder <- commandArgs(TRUE)[1]
stopifnot(!is.na(folder))

cpu <- function(what, runs, run) {
  times <- replicate(runs, sum(system.time(run(), gcFirst = TRUE)[c("user.self", "sys.self")]))
  cat(sprintf("%s: %.4f s\n", what, min(times)))
}
bare <- function(x, y) coxph.fit(x, y, NULL, NULL, NULL, coxph.control(), NULL, "efron", NULL)

for (name in c("cox_1000000x10_days", "cox_1000000x10", "cox_100000x10")) {
  data <- read.csv(file.path(folder, paste0(name, ".csv")))
  cpu(paste(name, "coxph"), 3, function() coxph(Surv(time, event) ~ ., data))
  x <- as.matrix(data[, -(1:2)])
  y <- Surv(data$time, data$event)
  cpu(paste(name, "bare coxph.fit"), 3, function() bare(x, y))
}
data <- read.csv(file.path(folder, "univariate_138x1107.csv"))
features <- names(data)[-(1:2)]
y <- Surv(data$time, data$event)
cpu("univariate_138x1107 coxph loop", 3, function() {
  for (name in features) coxph(as.formula(paste("Surv(time, event) ~", name)), data)
})
x <- as.matrix(data[, -(1:2)])
cpu("univariate_138x1107 bare coxph.fit loop", 5, function() {
  for (column in seq_along(features)) bare(x[, column, drop = FALSE], y)
})
