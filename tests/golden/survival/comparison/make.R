# Tests of groups by R's stats package, standardised mean differences by tableone's formulas. Run in this folder:
# Rscript make.R
set.seed(11)
samples <- list(
  plain = list(round(rnorm(12, 5), 3), round(rnorm(15, 6, 2), 3)),
  tied = list(rpois(20, 3), rpois(25, 4)),
  large = list(round(rnorm(60), 4), round(rnorm(45, 0.3), 4)),
  largest_exact = list(round(rnorm(49), 6), round(rnorm(49, 0.5), 6)),
  apart = list(1:20 / 7, 30:49 / 7),
  small = list(c(1.5, 2.5), c(0.5, 3.5, 4.5)),
  offset = list(1e6 + round(rnorm(30), 2), 1e6 + round(rnorm(30, 0.4), 2)),
  three = list(round(rnorm(10, 1), 3), round(rnorm(14, 1.5, 3), 3), round(rnorm(9, 2), 3)),
  four_tied = list(rpois(8, 2), rpois(9, 3), rpois(10, 2), rpois(30, 3))
)
htest <- function(h) list(statistic = unname(h$statistic), df = unname(h$parameter), p = h$p.value)
groups_of <- function(s) factor(rep(seq_along(s), lengths(s)))
continuous <- lapply(samples, function(s) {
  y <- unlist(s)
  g <- groups_of(s)
  m <- sapply(s, mean)
  v <- sapply(s, var)
  smd <- abs(outer(m, m, "-")) / sqrt(outer(v, v, "+") / 2)
  answer <- list(
    groups = s, anova = htest(oneway.test(y ~ g, var.equal = TRUE)), welch = htest(oneway.test(y ~ g)),
    kruskal = htest(kruskal.test(y, g)), smd = mean(smd[lower.tri(smd)])
  )
  if (length(s) == 2) {
    answer$t <- htest(t.test(s[[1]], s[[2]]))
    answer$student <- htest(t.test(s[[1]], s[[2]], var.equal = TRUE))
    w <- suppressWarnings(wilcox.test(s[[1]], s[[2]]))
    answer$wilcoxon <- list(statistic = unname(w$statistic), p = w$p.value, exact = grepl("exact", w$method))
  }
  answer
})
tables <- list(
  two = matrix(c(3, 7, 9, 2), 2), two_even = matrix(c(5, 5, 5, 5), 2), two_zero = matrix(c(0, 8, 12, 30), 2),
  two_near = matrix(c(10, 11, 10, 10), 2), two_large = matrix(c(310, 290, 205, 245), 2),
  three_by_two = matrix(c(2, 9, 4, 8, 3, 6), 3), five_by_two = matrix(c(1, 4, 7, 2, 9, 6, 3, 0, 5, 11), 5),
  three_by_three = matrix(c(3, 1, 8, 4, 6, 2, 0, 7, 5), 3), job = matrix(c(1, 2, 1, 0, 3, 3, 6, 1, 10, 10, 14, 9, 6, 7, 12, 11), 4),
  sparse = matrix(c(1, 0, 0, 2, 0, 1, 3, 0, 0, 1, 0, 4, 2, 0, 1, 0, 1, 5, 0, 0), 5), same = matrix(c(4, 4, 4, 4, 4, 4), 3),
  hundreds = matrix(c(40, 35, 20, 6, 30, 33, 28, 2), 4), wide = matrix(c(2, 0, 1, 3, 1, 0, 0, 2, 4, 1, 1, 1, 3, 0), 2),
  four_by_three = matrix(c(12, 5, 9, 3, 20, 8, 11, 1, 7, 9, 3, 2), 4)
)
multinomial <- function(p) if (length(p) == 1) matrix(p * (1 - p)) else diag(p) - outer(p, p)
smd_of <- function(x) {
  pairs <- combn(ncol(x), 2)
  mean(apply(pairs, 2, function(pair) {
    p <- prop.table(x[, pair], 2)[-1, , drop = FALSE]
    s <- (multinomial(p[, 1]) + multinomial(p[, 2])) / 2
    d <- p[, 1] - p[, 2]
    # A difference that no variance accounts for; ginv alone leaves it out.
    if (max(abs(s %*% MASS::ginv(s) %*% d - d)) > 1e-6) return(Inf)
    sqrt(drop(t(d) %*% MASS::ginv(s) %*% d))
  }))
}
categorical <- lapply(tables, function(x) list(
  counts = as.vector(t(x)), columns = ncol(x), chisq = htest(suppressWarnings(chisq.test(x, correct = FALSE))),
  yates = htest(suppressWarnings(chisq.test(x))), fisher = fisher.test(x, workspace = 2e7)$p.value, smd = smd_of(x)
))
jsonlite::write_json(list(continuous = continuous, categorical = categorical), "tests.json", digits = NA, auto_unbox = TRUE)
