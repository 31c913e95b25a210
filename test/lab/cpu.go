package lab

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of the times in /proc/PID/stat: USER_HZ, which is 100
// on every Linux architecture Go runs on (proc(5), sysconf(3)).
const clockTick = time.Second / 100

// CPU returns the processor time that a process has used so far, user and
// system, with that of its children that have ended and were waited for. Its
// grain is 10 ms.
func CPU(pid int) (time.Duration, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, fmt.Errorf("lab: processor time of %d: %w", pid, err)
	}
	// proc(5): the program's name, field 2, stands in brackets and may hold
	// anything; utime, stime, cutime and cstime are fields 14 to 17.
	_, rest, _ := cutLast(string(stat), ")")
	fields := strings.Fields(rest)
	const utime, cstime = 14 - 3, 17 - 3
	if len(fields) <= cstime {
		return 0, fmt.Errorf("lab: processor time of %d: short line %q", pid, stat)
	}
	var ticks int64
	for _, f := range fields[utime : cstime+1] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("lab: processor time of %d: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
