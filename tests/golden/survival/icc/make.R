# psych::ICC(lmer = FALSE) of made-up measurements. Run in this folder: Rscript make.R
# icc.json: for each set the values (a list a rater), the level, and the answer.
suppressMessages(library(psych))
set.seed(7)
agree <- function(n, k, shift, noise) sapply(1:k, function(j) rnorm(n)[1] * 0 + round(base[1:n] + shift * j + rnorm(n) * noise, 4))
base <- rnorm(60, 10, 2)
sets <- list(
  good = list(agree(40, 3, 0, 0.3), 0.05), shifted = list(agree(25, 2, 1.5, 0.2), 0.05),
  poor = list(agree(12, 4, 0.2, 4), 0.1), opposed = list(cbind(base[1:15], 20 - base[1:15] + rnorm(15) * 0.5), 0.05),
  few = list(agree(3, 2, 0, 0.5), 0.01), two = list(agree(2, 5, 0, 0.5), 0.05),
  large = list(1000 + agree(60, 2, 0, 0.01), 0.05)
)
missing <- agree(20, 3, 0.5, 1)
missing[c(3, 25, 44)] <- NA
sets$missing <- list(missing, 0.05)
answer <- lapply(sets, function(set) {
  x <- set[[1]]
  r <- suppressWarnings(ICC(na.omit(x), alpha = set[[2]], lmer = FALSE))$results
  list(raters = lapply(seq_len(ncol(x)), function(j) unname(x[, j])), level = 1 - set[[2]], ICC = r$ICC, F = r$F, df1 = r$df1,
       df2 = r$df2, p = r$p, lower = r[["lower bound"]], upper = r[["upper bound"]])
})
jsonlite::write_json(answer, "icc.json", digits = NA, auto_unbox = TRUE, na = "null")
