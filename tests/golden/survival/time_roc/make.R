# Areas under cumulative/dynamic ROC curves of two markers, and their difference, by riskRegression's Score.
# Run in this folder: Rscript make.R. R 4.2.2, riskRegression 2022.11.28.
suppressMessages({
  library(survival)
  library(riskRegression)
  library(jsonlite)
})
set.seed(20261)
n <- 300
# Whole days up to 40 and markers to one decimal: ties everywhere.
a <- round(rnorm(n), 1)
b <- round(0.6 * a + rnorm(n), 1)
death <- rexp(n, 0.04 * exp(0.7 * a))
end <- runif(n, 5, 45)
data <- data.frame(time = ceiling(pmin(death, end)), event = as.numeric(death <= end), a = a, b = b)
write.csv(data, "data.csv", row.names = FALSE, quote = FALSE)
# Score counts rows that end at t as cases: between whole days there are none.
times <- c(2.5, 7.5, 15.5, 25.5, 35.5)
score <- Score(list(a = data$a, b = data$b), Surv(time, event) ~ 1, data = data, metrics = "auc",
  times = times, se.fit = TRUE, conf.int = TRUE, contrasts = TRUE, null.model = FALSE, cens.model = "km")
areas <- as.data.frame(score$AUC$score)
contrasts <- as.data.frame(score$AUC$contrasts)
write_json(list(
  times = times,
  a = list(auc = areas$AUC[areas$model == "a"], se = areas$se[areas$model == "a"]),
  b = list(auc = areas$AUC[areas$model == "b"], se = areas$se[areas$model == "b"]),
  difference = list(delta = contrasts$delta.AUC, se = contrasts$se, lower = contrasts$lower, upper = contrasts$upper, p = contrasts$p)
), "score.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
