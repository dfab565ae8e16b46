# Answers of caret::findCorrelation on made-up columns. Run in this folder: Rscript make.R
# columns.csv: 80 rows of 24 columns in correlated blocks; removed.json: what goes, by cutoff, variant and coefficient.
suppressMessages(library(caret))
set.seed(20240611)
n <- 80
base <- matrix(rnorm(n * 6), n)
x <- sapply(1:24, function(j) {
  block <- (j - 1) %/% 4 + 1
  round(base[, block] * ifelse(j %% 2 == 0, -1, 1) + rnorm(n) * 0.15 * (1 + j %% 4), 6) * 10^(j %% 5)
})
x[, 9] <- round(x[, 9])
x[, 22] <- round(x[, 22] / 100)
colnames(x) <- paste0("v", 1:24)
write.csv(x, "columns.csv", row.names = FALSE)
answer <- list()
for (method in c("pearson", "spearman")) {
  r <- cor(x, method = method)
  answer[[paste0(method, "_r")]] <- unname(r)
  for (cutoff in c(0.5, 0.7, 0.8, 0.9, 0.95)) for (exact in c(TRUE, FALSE)) {
    key <- sprintf("%s_%s_%s", method, cutoff, if (exact) "exact" else "fast")
    answer[[key]] <- as.list(findCorrelation(r, cutoff = cutoff, exact = exact, names = TRUE))
  }
}
jsonlite::write_json(answer, "removed.json", digits = NA, auto_unbox = TRUE)
