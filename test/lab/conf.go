package lab

import (
	"bytes"
	"embed"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
)

// The tones that an Asterisk of the laboratory plays by itself, in Hz, so
// that a test hears where a call is.
const (
	MusicTone   = 350  // music on hold, class default
	UnknownTone = 1400 // a trunk called a number that the tested dialplan left untouched
)

//go:embed conf/*.conf
var confFiles embed.FS

// confData is what the configuration templates are filled from.
type confData struct {
	Dir, Modules               string
	SIPPort, AMIPort, HTTPPort int
	RTPStart, RTPEnd           int
	HostIP                     string
	AMIUser, AMISecret         string
	UnknownTone                int
	Verbose                    int
	Trunks                     []Trunk
	Phones                     []Account
	Include                    map[string][]string
}

// includers are the files of our own that include additional ones: a file
// named manager_x.conf is included at the end of manager.conf.
func includers() []string { return []string{"extensions", "manager", "pjsip", "queues"} }

// modules is a short list of all that a call centre needs: it starts twice
// as fast as everything there is, and logs no warning. Asterisk loads no
// dependencies by itself: chan_pjsip needs res_pjsip_pubsub, res_agi needs
// res_speech, app_chanspy is needed by func_periodic_hook's users and so on.
func modules() []string {
	return strings.Fields(`
		res_timing_timerfd res_sorcery_config res_sorcery_memory res_sorcery_astdb
		res_pjproject res_pjsip res_pjsip_pubsub res_pjsip_session res_pjsip_sdp_rtp
		res_pjsip_authenticator_digest res_pjsip_registrar
		res_pjsip_endpoint_identifier_user res_pjsip_endpoint_identifier_ip
		res_pjsip_caller_id res_pjsip_dtmf_info res_pjsip_nat res_pjsip_rfc3326
		res_pjsip_header_funcs res_pjsip_logger res_pjsip_refer res_http_websocket
		res_pjsip_transport_websocket res_rtp_asterisk res_srtp chan_pjsip
		bridge_simple codec_ulaw codec_alaw codec_gsm codec_resample
		codec_opus_open_source res_format_attr_opus
		format_pcm format_wav format_gsm format_sln
		pbx_config app_dial app_playback app_playtones app_mixmonitor app_record
		app_amd app_echo app_read app_verbose app_exec app_stack app_userevent
		app_queue app_chanspy app_senddtmf res_speech res_agi res_musiconhold
		res_manager_devicestate
		func_callerid func_channel func_devstate func_hangupcause func_strings
		func_logic func_timeout func_pjsip_aor res_curl func_curl res_http_media_cache`)
}

// modulesConf lists the modules to load, of those that this version of
// Asterisk has.
func modulesConf(r Root, more []string) (string, error) {
	var b strings.Builder
	b.WriteString("[modules]\nautoload = no\n")
	for _, name := range slices.Concat(modules(), more) {
		if _, err := os.Stat(filepath.Join(r.Path, r.Modules, name+".so")); os.IsNotExist(err) {
			if slices.Contains(more, name) {
				return "", fmt.Errorf("lab: Asterisk %s has no module %s", r.Version, name)
			}
			continue
		}
		fmt.Fprintf(&b, "load = %s.so\n", name)
	}
	return b.String(), nil
}

// renderConf makes all configuration files of an instance, by name.
func renderConf(d confData, r Root, opts Options) (map[string]string, error) {
	files := make(map[string]string)
	d.Include = make(map[string][]string)
	// The files of the tested program are there from the start, if only
	// empty, so that they can be written while Asterisk runs.
	for _, main := range includers() {
		files[main+"_calld.conf"] = ""
	}
	maps.Copy(files, opts.Files)
	for name := range files {
		main, _, ok := strings.Cut(name, "_")
		if ok && slices.Contains(includers(), main) {
			d.Include[main] = append(d.Include[main], name)
		}
	}
	for _, names := range d.Include {
		slices.Sort(names)
	}
	templates, err := template.ParseFS(confFiles, "conf/*.conf")
	if err != nil {
		return nil, fmt.Errorf("lab: configuration templates: %w", err)
	}
	for _, t := range templates.Templates() {
		if _, given := files[t.Name()]; given {
			continue
		}
		var b bytes.Buffer
		if err := t.Execute(&b, d); err != nil {
			return nil, fmt.Errorf("lab: configuration: %w", err)
		}
		files[t.Name()] = b.String()
	}
	files["modules.conf"], err = modulesConf(r, opts.Modules)
	return files, err
}

// HostIP is the machine's first IPv4 address that is not a loopback one,
// or "" when there is none: browsers then can't talk through Asterisk, which
// offers them no other.
func HostIP() (string, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "", fmt.Errorf("lab: addresses of this machine: %w", err)
	}
	for _, a := range addrs {
		if ipnet, ok := a.(*net.IPNet); ok && ipnet.IP.To4() != nil && !ipnet.IP.IsLoopback() {
			return ipnet.IP.String(), nil
		}
	}
	return "", nil
}
