package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// Speech is a text as a voice speaks it, 8,000 samples a second.
func Speech(ctx context.Context, log *slog.Logger, text string) (samples []int16, err error) {
	if err := Need(ctx, log, "espeak-ng", "sox"); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "calld-speech-")
	if err != nil {
		return nil, fmt.Errorf("lab: speech: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	spoken, wav := filepath.Join(dir, "spoken.wav"), filepath.Join(dir, "telephone.wav")
	if err := run(ctx, "espeak-ng", "-w", spoken, text); err != nil {
		return nil, err
	}
	if err := run(ctx, "sox", spoken, "-r", "8000", "-c", "1", "-b", "16", wav); err != nil {
		return nil, err
	}
	file, err := os.ReadFile(wav)
	if err != nil {
		return nil, fmt.Errorf("lab: speech: %w", err)
	}
	return ParseWAV(file)
}
