# Prints the concordances in tests/slt/survival/discrimination.slt: Rscript make.R > values.txt (R 4.2.2, survival 3.5-3).
suppressMessages(library(survival))
shared <- Sys.getenv("RADSQL_SHARED", "../shared")
d <- read.csv(file.path(shared, "conformance/survival/roc/crlm_os_input.csv")); y <- Surv(d$time, d$status)
for (w in c("I", "n", "S", "S/G", "n/G2")) { k <- concordancefit(y, d$lp, reverse = TRUE, timewt = w, std.err = TRUE); cat(w, sprintf("%.10g", c(k$concordance, sqrt(k$var))), "\n") }
k <- concordancefit(y, d$lp, reverse = TRUE, timewt = "n/G2", ymax = 60); cat("n/G2 to 60", sprintf("%.10g", k$concordance), "\n")
