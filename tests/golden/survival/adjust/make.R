# p.adjust of made-up p-values. Run in this folder: Rscript make.R
set.seed(3)
p <- c(round(runif(40)^3, 6), 0.5, 0.5, NA, 1, 0, 1e-12)
methods <- c("BH", "BY", "holm", "hochberg", "bonferroni")
adjusted <- data.frame(p = p, sapply(methods, function(m) p.adjust(p, m)))
adjusted[] <- lapply(adjusted, function(v) format(v, digits = 17, scientific = TRUE, trim = TRUE))
write.csv(adjusted, "adjusted.csv", row.names = FALSE, quote = FALSE)
