module harvest

go 1.19
