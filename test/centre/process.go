package centre

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Memory is what a process has in memory, in bytes (proc(5), /proc/PID/status).
type Memory struct {
	Resident int64 // all of it, with the pages of mapped files
	Own      int64 // RssAnon: what no file can give back
	Peak     int64 // the most that was ever resident
}

// MemoryOf reads the memory of a process.
func MemoryOf(pid int) (m Memory, err error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return m, fmt.Errorf("centre: memory of %d: %w", pid, err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		to := map[string]*int64{"VmRSS": &m.Resident, "RssAnon": &m.Own, "VmHWM": &m.Peak}[name]
		if to == nil {
			continue
		}
		kB, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return m, fmt.Errorf("centre: memory of %d: %w", pid, err)
		}
		*to = kB << 10
	}
	return m, nil
}

// OpenFiles is how many file handles a process has.
func OpenFiles(pid int) (int, error) {
	dir, err := os.Open("/proc/" + strconv.Itoa(pid) + "/fd")
	if err != nil {
		return 0, fmt.Errorf("centre: file handles of %d: %w", pid, err)
	}
	defer dir.Close() //nolint:errcheck // read only
	names, err := dir.Readdirnames(-1)
	return len(names), err
}

// MachineTime is the processor time that the machine has used and had so far,
// of all processors (proc(5), /proc/stat: user nice system idle iowait irq
// softirq steal, in hundredths of a second).
func MachineTime() (busy, all time.Duration, err error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	fields := strings.Fields(line)
	const first, idle, iowait, steal = 1, 4, 5, 8
	if len(fields) <= steal {
		return 0, 0, fmt.Errorf("short first line of /proc/stat: %q", line)
	}
	for i, field := range fields[first : steal+1] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/stat: %w", err)
		}
		d := time.Duration(n) * time.Second / 100
		all += d
		if i+first != idle && i+first != iowait {
			busy += d
		}
	}
	return busy, all, nil
}

// LoadAverage is that of the last minute.
func LoadAverage() (float64, error) {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), " ")
	return strconv.ParseFloat(first, 64)
}
