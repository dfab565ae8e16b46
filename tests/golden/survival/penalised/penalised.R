# Penalised Cox fits by R's glmnet, for udfs/kernels/survival/tests/penalised_golden.rs. R 4.2.2, glmnet 4.1-6.
# Usage: Rscript penalised.R FOLDER, where FOLDER is this one. Makes its own data.
suppressMessages({library(glmnet); library(survival); library(jsonlite)})
folder <- commandArgs(TRUE)[1]
number <- function(x) sprintf("%.17g", x)
save_data <- function(d, name) write.csv(as.data.frame(lapply(d, number)), file.path(folder, name), row.names = FALSE, quote = FALSE)

set.seed(20260714)
n <- 120; p <- 12
x <- matrix(rnorm(n * p), n, p) %*% chol(0.4 + 0.6 * diag(p))
x <- sweep(round(x, 4), 2, 1 + (seq_len(p) %% 5) * 3, "*")
colnames(x) <- paste0("x", seq_len(p))
risk <- as.vector(scale(x) %*% c(0.8, -0.5, 0.3, rep(0, p - 3)))
death <- rexp(n, exp(risk) / 60); end <- runif(n, 10, 150)
# Whole days, many of them tied, divided by 100: glmnet 4.1 loses the order of deaths before censorings from 256 on.
time <- ceiling(pmin(death, end)) / 100
status <- as.integer(death <= end)
weight <- round(runif(n, 0.5, 3), 2)
stratum <- sample(3, n, replace = TRUE)
foldid <- sample(rep(1:5, length = n))
save_data(data.frame(time, status, weight, stratum, foldid, x), "narrow.csv")
y <- Surv(time, status)

n2 <- 40; p2 <- 60
wide <- matrix(round(rnorm(n2 * p2), 4), n2, p2); colnames(wide) <- paste0("x", seq_len(p2))
wide_time <- round(rexp(n2, exp(wide[, 1] - wide[, 2]) / 5), 3) + 0.001
wide_status <- rbinom(n2, 1, 0.7)
save_data(data.frame(time = wide_time, status = wide_status, wide), "wide.csv")
wide_y <- Surv(wide_time, wide_status)

path <- function(fit) list(
  lambda = fit$lambda, df = fit$df, dev_ratio = fit$dev.ratio, nulldev = fit$nulldev,
  beta = unname(apply(as.matrix(fit$beta), 2, identity, simplify = FALSE)))
cv <- function(fit) list(
  cvm = fit$cvm, cvsd = fit$cvsd, nzero = unname(fit$nzero), lambda_min = fit$lambda.min, lambda_1se = fit$lambda.1se,
  index = as.vector(fit$index))
tight <- function(x, y, ...) glmnet(x, y, family = "cox", thresh = 1e-22, maxit = 1e8, ...)
tight_cv <- function(x, y, ...) cv.glmnet(x, y, family = "cox", thresh = 1e-22, maxit = 1e8, ...)

out <- list()
out$ties <- c(path(tight(x, y, nlambda = 50)), cv = list(cv(tight_cv(x, y, nlambda = 50, foldid = foldid))))
out$weights <- c(path(tight(x, y, alpha = 0.7, nlambda = 30, weights = weight)),
  cv = list(cv(tight_cv(x, y, alpha = 0.7, nlambda = 30, weights = weight, foldid = foldid))),
  ungrouped = list(cv(tight_cv(x, y, alpha = 0.7, nlambda = 30, weights = weight, foldid = foldid, grouped = FALSE))),
  concordance = list(cv(tight_cv(x, y, alpha = 0.7, nlambda = 30, weights = weight, foldid = foldid, type.measure = "C"))))
given <- c(0.2, 0.01, 0.1, 0, 0.05)
out$given <- c(path(tight(x, y, lambda = given)), cv = list(cv(tight_cv(x, y, lambda = given, foldid = foldid))))
out$ridge <- path(tight(x, y, alpha = 0, nlambda = 20))
out$plain <- path(tight(x, y, alpha = 0.5, nlambda = 20, standardize = FALSE))
factors <- c(0, 1, 2, Inf, 0.5, 0, rep(1, 6))
out$factors <- path(tight(x, y, nlambda = 20, penalty.factor = factors))
constant <- x; constant[, 3] <- 7
out$constant <- path(tight(constant, y, nlambda = 20))
out$wide_ridge <- path(tight(wide, wide_y, alpha = 0, lambda = c(5, 1, 0.2, 0.05)))
out$wide_net <- path(tight(wide, wide_y, alpha = 0.1, nlambda = 20, lambda.min.ratio = 0.05))
fit <- tight(x, y, nlambda = 50)
at <- c(1, 0.1234, fit$lambda[7], 0.0321, 1e-9)
out$interpolated <- list(lambda = at, beta = unname(apply(as.matrix(coef(fit, s = at)), 2, identity, simplify = FALSE)))
# Strata take another road through glmnet, which stops by the change in its objective.
glmnet.control(epsnr = 1e-16, mxitnr = 500)
strata_y <- stratifySurv(y, stratum)
out$strata <- path(glmnet(x, strata_y, family = "cox", nlambda = 15, thresh = 1e-18, maxit = 1e7))
write(toJSON(out, digits = I(17), auto_unbox = TRUE, pretty = FALSE), file.path(folder, "penalised.json"))
