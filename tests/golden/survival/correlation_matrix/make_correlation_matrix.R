# Correlations of columns by R's cor(), Pearson's and Spearman's, over complete rows; ties and missing values among them.
# Rscript make_correlation_matrix.R writes columns.csv, pearson.csv and spearman.csv beside itself.
set.seed(20261126)
n <- 40
a <- rnorm(n)
x <- data.frame(
  a = a, b = 2 * a + rnorm(n), c = -a + 0.1 * rnorm(n), d = sample(1:4, n, replace = TRUE), e = exp(3 * rnorm(n)),
  f = 1e9 + rnorm(n), constant = 7, g = rnorm(n)
)
x$g[c(3, 17)] <- NA
x$d[29] <- NA
write_exact <- function(table, file) {
  text <- apply(table, 2, function(v) ifelse(is.na(v), "", formatC(v, digits = 17, format = "g", width = 1)))
  write.csv(as.data.frame(text), file, row.names = FALSE, quote = FALSE)
}
write_exact(as.matrix(x), "columns.csv")
for (method in c("pearson", "spearman")) {
  r <- suppressWarnings(cor(x, use = "complete.obs", method = method))
  write_exact(r, paste0(method, ".csv"))
}
