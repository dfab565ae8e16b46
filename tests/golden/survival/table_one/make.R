# A baseline table by R's own functions. Run in this folder: Rscript make.R
# patients.csv: made-up patients, missing values NA. table.json: for two groupings the summaries and tests.
set.seed(2)
n <- 70
patients <- data.frame(
  arm = sample(c(1, 4), n, TRUE), site = sample(c(2, 3, 7), n, TRUE), age = round(rnorm(n, 62, 11)), marker = round(rexp(n) * 3, 4),
  sex = sample(0:1, n, TRUE), stage = sample(0:3, n, TRUE, c(0.5, 0.3, 0.15, 0.05))
)
patients$age[c(3, 20, 41)] <- NA
patients$marker[c(5, 7)] <- NA
patients$stage[c(1, 12, 13, 60)] <- NA
write.csv(patients, "patients.csv", row.names = FALSE)
describe <- function(x) {
  q <- quantile(x, c(0.5, 0.25, 0.75), na.rm = TRUE, names = FALSE)
  list(n = sum(!is.na(x)), missing = sum(is.na(x)), mean = mean(x, na.rm = TRUE), sd = sd(x, na.rm = TRUE), median = q[1], q1 = q[2],
       q3 = q[3], min = min(x, na.rm = TRUE), max = max(x, na.rm = TRUE))
}
p_of <- function(test) suppressWarnings(test)$p.value
answer <- lapply(c(arm = "arm", site = "site"), function(by) {
  g <- factor(patients[[by]])
  two <- nlevels(g) == 2
  numbers <- lapply(c(age = "age", marker = "marker"), function(v) {
    y <- patients[[v]]
    list(overall = describe(y), groups = unname(lapply(split(y, g), describe)),
         ranks = p_of(if (two) wilcox.test(y ~ g) else kruskal.test(y, g)), welch = p_of(oneway.test(y ~ g)),
         equal = p_of(oneway.test(y ~ g, var.equal = TRUE)))
  })
  levels <- lapply(c(sex = "sex", stage = "stage"), function(v) {
    x <- patients[[v]]
    counts <- table(x, g)
    list(missing = sum(is.na(x)), overall = as.vector(table(x)), groups = unname(lapply(levels(g), function(l) as.vector(counts[, l]))),
         expected = min(suppressWarnings(chisq.test(counts))$expected), chisq = p_of(chisq.test(counts, correct = FALSE)),
         yates = p_of(chisq.test(counts)), fisher = p_of(fisher.test(counts)))
  })
  list(sizes = as.vector(table(g)), numbers = numbers, levels = levels)
})
jsonlite::write_json(answer, "table.json", digits = I(17), auto_unbox = TRUE)
