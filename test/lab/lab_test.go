package lab

import (
	"math"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestToneLevel(t *testing.T) {
	mixed := toneSamples(440, 0, 1600)
	for i, x := range toneSamples(1000, 0, 1600) {
		mixed[i] = mixed[i]/2 + x/2
	}
	for _, test := range []struct {
		name    string
		samples []int16
		hz      float64
		want    float64
	}{
		{"nothing", nil, 440, 0},
		{"silence", make([]int16, 1600), 440, 0},
		{"the tone", toneSamples(440, 0, 1600), 440, 1},
		{"from its middle", toneSamples(440, 777, 1600), 440, 1},
		{"another tone", toneSamples(350, 0, 1600), 440, 0},
		{"of two", mixed, 1000, 0.5},
	} {
		if got := ToneLevel(test.samples, test.hz); math.Abs(got-test.want) > 0.02 {
			t.Errorf("%s: %.3f, want %.3f", test.name, got, test.want)
		}
	}
}

// The quantisation of G.711 is finer the quieter the sample.
func TestULaw(t *testing.T) {
	for x := -32768; x <= 32767; x++ {
		got := int(decodeULaw(encodeULaw(int16(x))))
		if diff, most := math.Abs(float64(got-x)), max(4, math.Abs(float64(x))/15); diff > most && math.Abs(float64(x)) < ulawClip {
			t.Fatalf("sample %d became %d", x, got)
		}
	}
	for code := range 256 {
		if got := encodeULaw(decodeULaw(byte(code))); got != byte(code) && code != 0x7F { // the negative zero
			t.Errorf("code %#x became %#x", code, got)
		}
	}
	if got := encodeULaw(0); got != ulawSilence {
		t.Errorf("silence is %#x", got)
	}
}

func TestWAV(t *testing.T) {
	file := ToneWAV(440, time.Second)
	samples, err := ParseWAV(file)
	if err != nil || len(samples) != sampleRate || ToneLevel(samples, 440) < 0.99 {
		t.Errorf("%d samples, level %.3f, %v", len(samples), ToneLevel(samples, 440), err)
	}
	// One that is being written: the sizes are not known yet.
	copy(file[40:], []byte{0, 0, 0, 0})
	if samples, err := ParseWAV(file); err != nil || len(samples) != sampleRate {
		t.Errorf("half written: %d samples, %v", len(samples), err)
	}
}

func FuzzWAV(f *testing.F) {
	f.Add(ToneWAV(440, 10*time.Millisecond))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVELIST\x03\x00\x00\x00abc"))
	f.Fuzz(func(t *testing.T, file []byte) {
		samples, err := ParseWAV(file)
		if err == nil && 2*len(samples) > len(file) {
			t.Errorf("%d samples from %d bytes", len(samples), len(file))
		}
	})
}

func FuzzPacket(f *testing.F) {
	f.Add(packet{marker: true, payload: ptEvent, seq: 7, timestamp: 8, ssrc: 9, data: []byte{1, 2}}.append(nil))
	f.Add([]byte{0xB1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 9, 9, 0, 0, 0, 0, 5, 6, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePacket(b)
		if err != nil {
			return
		}
		again, err := parsePacket(p.append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, again, cmp.AllowUnexported(packet{}), cmp.Comparer(func(a, b []byte) bool { return string(a) == string(b) })); diff != "" {
			t.Error(diff)
		}
	})
}

func FuzzSDP(f *testing.F) {
	f.Add(sdpBody("127.0.0.2", 4000))
	f.Add([]byte("m=audio x RTP/AVP 0\r\nc=IN IP4 nowhere\r\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		addr, err := sdpAudio(body)
		if err == nil && (!addr.Addr().IsValid() || addr.Port() == 0) {
			t.Errorf("%v of %q", addr, body)
		}
	})
}

func TestSDP(t *testing.T) {
	got, err := sdpAudio(sdpBody("127.0.0.2", 4000))
	if want := netip.MustParseAddrPort("127.0.0.2:4000"); err != nil || got != want {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

// Two voices speak to each other without any Asterisk.
func TestVoice(t *testing.T) {
	a, err := newVoice("127.0.0.1", 440)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	b, err := newVoice("127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	a.setRemote(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(b.port())))
	for _, d := range []byte("1#D") {
		a.digits <- d
	}
	if err := await(t.Context(), func() bool { return b.level(440) > 0.9 && b.digitsReceived() == "1#D" }); err != nil {
		t.Fatal(err)
	}
	a.setTone(1000)
	if err := await(t.Context(), func() bool { return b.level(1000) > 0.9 && b.level(440) < 0.1 }); err != nil {
		t.Fatal(err)
	}
	if b.samples() == nil || a.samples() == nil && len(a.heard) != 0 {
		t.Error("nothing was kept")
	}
}

func TestFreePort(t *testing.T) {
	seen := make(map[int]bool)
	for range 5 {
		port, err := FreePort()
		if err != nil {
			t.Fatal(err)
		}
		if seen[port] || port < firstPort || port > lastPort || !portFree(port) {
			t.Errorf("port %d is not free, or given out before", port)
		}
		seen[port] = true
	}
	r, err := reservePort()
	if err != nil {
		t.Fatal(err)
	}
	r.release()
	again, err := reserve(r.port)
	if err != nil {
		t.Fatalf("a released port can't be had again: %v", err)
	}
	again.release()
}

func TestCPU(t *testing.T) {
	before, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	begin, after := time.Now(), before
	for after <= before && time.Since(begin) < 10*time.Second { // a busy machine gives little
		ToneLevel(toneSamples(440, 0, 800), 440)
		if after, err = CPU(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	if after <= before {
		t.Errorf("%v after %v; want more", after, before)
	}
	if _, err := CPU(-1); err == nil {
		t.Error("no error for a process that can't be")
	}
}

func TestPercentile(t *testing.T) {
	var values []time.Duration
	for i := 100; i > 0; i-- {
		values = append(values, time.Duration(i))
	}
	got := []time.Duration{percentile(values, 50), percentile(values, 99), percentile(values, 100), percentile(values[:1], 50), percentile(nil, 50)}
	if diff := cmp.Diff([]time.Duration{50, 99, 100, 1, 0}, got); diff != "" {
		t.Error(diff)
	}
}

func TestQuote(t *testing.T) {
	for _, name := range []string{"", "홍길동", `a "b" \ c`, `\\"`} {
		if got := unquote(quote(name)); got != name {
			t.Errorf("%q became %q", name, got)
		}
	}
}

func TestNeedNamesWhatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := Need(t.Context(), discard(), "sipp", "sox")
	if err == nil || !strings.Contains(err.Error(), "sipp, sox") {
		t.Errorf("error %v, want one that names sipp and sox", err)
	}
}

func TestConfWithoutAsterisk(t *testing.T) {
	d := confData{Dir: "/tmp/x", Trunks: []Trunk{{Name: "trunk", Host: "127.0.0.2", Port: 5}}, HostIP: "192.0.2.9"}
	files, err := renderConf(d, Root{Path: t.TempDir()}, Options{Files: map[string]string{
		"pjsip_extra.conf": "; more", "cdr.conf": "; other",
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"pjsip.conf":            "#include \"pjsip_calld.conf\"\n#include \"pjsip_extra.conf\"",
		"manager.conf":          `#include "manager_calld.conf"`,
		"rtp.conf":              "192.0.2.9 => 127.0.0.1",
		"cdr.conf":              "; other",
		"extensions_calld.conf": "",
	} {
		if text, ok := files[name]; !ok || !strings.Contains(text, want) {
			t.Errorf("%s lacks %q:\n%s", name, want, text)
		}
	}
	if _, err := renderConf(d, Root{Path: t.TempDir()}, Options{Modules: []string{"app_nothing"}}); err == nil {
		t.Error("a module that is not there is no error")
	}
}
