package main

// reference is what is known to be possible on the steady days, in percent of
// occupancy: by a good implementation of the risk rule, and by one that is
// told the true distributions and whose price is tuned to the limit with
// hindsight.
var reference = map[string]struct{ risk3, frontier3, risk1, frontier1 float64 }{
	"N5 p0.2":   {80.2, 80.5, 74.8, 76.8},
	"N5 p0.4":   {85.4, 86.4, 82.6, 83.7},
	"N5 p0.6":   {89.6, 89.9, 88.0, 88.6},
	"N10 p0.2":  {85.1, 85.7, 81.4, 82.2},
	"N10 p0.4":  {87.8, 88.6, 85.3, 85.9},
	"N10 p0.6":  {90.3, 90.8, 89.0, 89.3},
	"N20 p0.2":  {89.4, 89.9, 86.5, 87.1},
	"N20 p0.4":  {90.8, 91.3, 88.6, 89.3},
	"N20 p0.6":  {92.3, 92.6, 90.6, 91.0},
	"N50 p0.2":  {93.9, 94.5, 92.0, 92.7},
	"N50 p0.4":  {94.5, 95.0, 93.0, 93.5},
	"N50 p0.6":  {95.1, 95.4, 93.8, 94.1},
	"N100 p0.2": {96.3, 96.8, 95.2, 95.5},
	"N100 p0.4": {96.6, 97.0, 95.5, 95.9},
	"N100 p0.6": {97.0, 97.3, 96.0, 96.2},
}

// gain is the talk in minutes an hour that prediction must win over
// progressive: what passes, and what would be splendid.
var gain = map[string][2]float64{
	"N5 p0.2": {9.5, 10.4}, "N5 p0.4": {3, 4}, "N5 p0.6": {1.2, 1.8},
	"N20 p0.2": {14, 15.3}, "N20 p0.4": {6, 6.7}, "N20 p0.6": {2.5, 3.3},
	"N100 p0.2": {18, 18}, "N100 p0.4": {9, 9}, "N100 p0.6": {5, 5},
}

// worstMinutes is the largest abandoned share of the worst ten minutes on the
// steady days, by agents.
var worstMinutes = map[int]float64{5: 0.17, 10: 0.115, 20: 0.09, 50: 0.065, 100: 0.055}
