# Tails and quantiles of the F and t distributions. Run in this folder: Rscript make.R
# f.csv: pf(f, df1, df2, lower.tail = FALSE); quantile.csv: qf(upper, df1, df2, lower.tail = FALSE); t.csv: 2 * pt(-t, df)
write <- function(data, file) {
  data[] <- lapply(data, function(x) format(x, digits = 17, scientific = TRUE, trim = TRUE))
  write.csv(data, file, row.names = FALSE, quote = FALSE)
}
df <- c(0.7, 1, 2, 3.37, 10, 39, 152.5, 1e4, 1e6)
f <- expand.grid(f = c(1e-6, 0.05, 0.5, 1, 1.03, 2, 5, 16, 100, 1e5), df1 = df, df2 = df)
f$p <- pf(f$f, f$df1, f$df2, lower.tail = FALSE)
write(f[f$p > 1e-290, ], "f.csv")
# Above 4e5 degrees of freedom qf goes over to the chi-square distribution.
few <- df[df < 4e5]
quantile <- expand.grid(upper = c(1e-6, 0.005, 0.025, 0.05, 0.3, 0.5, 0.9, 0.975), df1 = few, df2 = few)
quantile$q <- qf(quantile$upper, quantile$df1, quantile$df2, lower.tail = FALSE)
# Near 0 R takes q from 1 / qbeta - 1, with few digits left.
write(quantile[is.finite(quantile$q) & quantile$q > 0.01, ], "quantile.csv")
t <- expand.grid(t = c(1e-8, 0.1, 0.9, 1, 2, 5, 12, 40, 1e6), df = df)
t$p <- 2 * pt(-t$t, t$df)
write(t[t$p > 1e-290, ], "t.csv")
