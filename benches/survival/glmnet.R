# Times glmnet on the data that `cargo bench -p radsql-survival --bench penalised` writes when RADSQL_BENCH_DATA names a
# folder. Usage: Rscript benches/survival/glmnet.R FOLDER. Prints CPU seconds; glmnet uses one thread.
suppressMessages({library(glmnet); library(survival)})
folder <- commandArgs(TRUE)[1]
seconds <- function(expr) { t <- proc.time(); force(expr); t <- proc.time() - t; sum(t[1:2]) }
for (size in c("138x300", "138x20000", "10000x500")) {
  file <- file(file.path(folder, paste0(size, ".bin")), "rb")
  dims <- readBin(file, "double", 2, endian = "little")
  n <- dims[1]; p <- dims[2]
  y <- Surv(readBin(file, "double", n, endian = "little"), readBin(file, "double", n, endian = "little"))
  x <- matrix(readBin(file, "double", n * p, endian = "little"), n, p)
  close(file)
  fit <- NULL
  cat(sprintf("glmnet path %s: %.3f s", size, seconds(fit <- glmnet(x, y, family = "cox"))))
  cat(sprintf(" (%d penalties, %d passes, last df %d)\n", length(fit$lambda), fit$npasses, tail(fit$df, 1)))
  if (p <= 300) cat(sprintf("cv.glmnet, 10 folds, %s: %.3f s\n", size, seconds(cv.glmnet(x, y, family = "cox"))))
}
