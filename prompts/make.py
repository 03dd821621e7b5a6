#!/usr/bin/env python3
"""Remakes every prompt in this folder, and index.toml, which says which recording speaks which text.

Needs Python 3 and flite (Debian: apt-get install flite). The same input gives the same files, byte for byte, with the
same flite. Everything is 8 kHz, mono, 16 bit, so that nothing has to be resampled when the switch starts.
"""

import array
import math
import os
import random
import subprocess
import tempfile
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
RATE = 8000

# What is spoken: file, the text a flow has, and how to say it where that differs from how it is written.
SPOKEN = [
    ("Welcome.wav", "Welcome to Example Support. You are being connected to an agent.", None),
    (
        "ThankYouForCalling.wav",
        "Thank you for calling. Your call is very important to us and will be answered in the order it was received.",
        None,
    ),
    ("YouAreOnHold.wav", "You are on hold", "You are on hold."),
    ("TransferringNow.wav", "Transferring now...", "Transferring now."),
    ("NowTransferring.wav", "Now transferring.", None),
    ("TransferringToAgent.wav", "Transferring to agent.", None),
    ("FailedToTransfer.wav", "Failed to transfer.", None),
    ("FailedToTransferToQueue.wav", "Failed to transfer to queue. Goodbye.", None),
    ("OutOfHours.wav", "We are currently out of hours. Goodbye.", None),
    ("NoAgentsStaffed.wav", "There are currently no agents staffed. Goodbye.", None),
    ("InternalCall.wav", "This is an internal call transferred from another agent.", None),
    ("NotRecorded.wav", "This call is not being recorded.", None),
    ("ConnectingToAgent.wav", "Your call is now connecting to an agent.", None),
    # What a queue quick connect whispers: "Connecting you to $.Queue.Name queue".
    ("ConnectingToSupportQueue.wav", "Connecting you to Support queue", "Connecting you to support queue."),
    ("ConnectingToPasswordResetQueue.wav", "Connecting you to PasswordReset queue", "Connecting you to password reset queue."),
    # What the default agent whisper says: $.Queue.Name, which is an agent's name in an agent's own queue.
    ("Support.wav", "Support", "Support."),
    ("PasswordReset.wav", "PasswordReset", "Password reset."),
    ("John.wav", "John", "John."),
    ("Maria.wav", "Maria", "Mareea."),
    ("Peter.wav", "Peter", "Peter."),
    ("Anna.wav", "Anna", "Anna."),
]


def write(name, samples, level):
    """Brings the loudest sample to `level` and lays a faint hiss under it: no frame of a prompt is digital silence,
    and no two are alike, so that a recording of a call shows which part of which prompt was heard."""
    hiss = random.Random(name)
    loudest = max(abs(s) for s in samples)
    scale = level * 32767 / loudest
    out = array.array("h", (int(round(s * scale + hiss.uniform(-30, 30))) for s in samples))
    with wave.open(os.path.join(HERE, name), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(out.tobytes())


def half_rate(samples):
    """16 kHz to 8 kHz: a windowed-sinc low pass at 3.6 kHz, then every second sample."""
    taps, cut = 63, 3600 / 16000
    middle = taps // 2
    kernel = []
    for n in range(taps):
        x = n - middle
        sinc = 2 * cut if x == 0 else math.sin(2 * math.pi * cut * x) / (math.pi * x)
        kernel.append(sinc * (0.54 - 0.46 * math.cos(2 * math.pi * n / (taps - 1))))
    padded = [0.0] * middle + list(samples) + [0.0] * middle
    return [sum(k * padded[at + n] for n, k in enumerate(kernel)) for at in range(0, len(samples), 2)]


def trimmed(samples):
    """Without the silence around the words, but for 60 ms."""
    threshold = 0.02 * max(abs(s) for s in samples)
    loud = [at for at, s in enumerate(samples) if abs(s) > threshold]
    margin = RATE * 60 // 1000
    return samples[max(0, loud[0] - margin) : loud[-1] + margin]


def speak(name, words):
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["flite", "-voice", "slt", "-t", words, "-o", file.name], check=True)
        with wave.open(file.name, "rb") as spoken:
            assert (spoken.getnchannels(), spoken.getsampwidth(), spoken.getframerate()) == (1, 2, 16000)
            samples = array.array("h", spoken.readframes(spoken.getnframes()))
    write(name, trimmed(half_rate(samples)), 0.7)


def frequency(note):
    """Of a MIDI note number."""
    return 440.0 * 2 ** ((note - 69) / 12)


def add(track, start, sound):
    """Lays a sound into a loop; what reaches over the end comes in again at the beginning."""
    for at, sample in enumerate(sound):
        track[(start + at) % len(track)] += sample


def pluck(note, seconds, loudness, seed):
    """A plucked string (Karplus and Strong), tuned by an all-pass filter to what a whole number of samples leaves over."""
    noise = random.Random(seed)
    period = RATE / frequency(note)
    size = int(period - 0.6)
    rest = period - size - 0.5
    tuning = (1 - rest) / (1 + rest)
    string = [noise.uniform(-1, 1) for _ in range(size)]
    for _ in range(2):
        string = [(string[i] + string[i - 1]) / 2 for i in range(size)]
    out, last, soft_before, tuned = [], 0.0, 0.0, 0.0
    count = int(seconds * RATE)
    for at in range(count):
        now = string[at % size]
        soft = (now + last) / 2
        tuned = tuning * soft + soft_before - tuning * tuned
        string[at % size] = 0.997 * tuned
        last, soft_before = now, soft
        out.append(loudness * now * min(1.0, (count - at) / (0.1 * RATE)))
    return out


def bell(note, seconds, loudness):
    """An electric piano: a sine that another one colours while it fades."""
    f = frequency(note)
    out = []
    count = int(seconds * RATE)
    for at in range(count):
        t = at / RATE
        attack = min(1.0, t / 0.008)
        fade = min(1.0, (count - at) / (0.15 * RATE))
        colour = 1.2 * math.exp(-5 * t) * math.sin(2 * math.pi * f * t)
        out.append(loudness * attack * fade * math.exp(-1.6 * t) * math.sin(2 * math.pi * f * t + colour))
    return out


def pad(notes, seconds, loudness):
    """A soft chord that swells and goes."""
    out = []
    count = int(seconds * RATE)
    for at in range(count):
        t = at / RATE
        swell = math.sin(math.pi * at / count) ** 0.5
        sample = sum(
            math.sin(2 * math.pi * frequency(n) * t + i) + 0.3 * math.sin(4 * math.pi * frequency(n) * t)
            for i, n in enumerate(notes)
        )
        out.append(loudness * swell * (1 + 0.1 * math.sin(2 * math.pi * 0.7 * t)) * sample / len(notes))
    return out


def customer_hold():
    """Eight bars of guitar over a pad, 24 s: C, A minor, F, G, and the same another way."""
    beat = 0.75
    bars = [
        ([48, 52, 55, 60, 64], [0, 2, 3, 4, 3, 2, 3, 1]),
        ([45, 52, 57, 60, 64], [0, 2, 3, 4, 3, 4, 2, 1]),
        ([41, 53, 57, 60, 65], [0, 1, 2, 4, 3, 2, 1, 3]),
        ([43, 50, 55, 59, 67], [0, 2, 4, 3, 2, 3, 1, 2]),
        ([40, 52, 55, 60, 67], [0, 3, 4, 3, 2, 4, 3, 2]),
        ([45, 52, 57, 64, 69], [0, 2, 4, 2, 3, 2, 1, 2]),
        ([38, 50, 53, 57, 65], [0, 2, 3, 4, 2, 3, 4, 1]),
        ([43, 50, 53, 59, 62], [0, 1, 2, 3, 4, 3, 2, 1]),
    ]
    track = [0.0] * int(len(bars) * 4 * beat * RATE)
    for number, (chord, order) in enumerate(bars):
        start = int(number * 4 * beat * RATE)
        add(track, start, pad([n + 12 for n in chord[1:4]], 4.4 * beat, 0.16))
        for step, string in enumerate(order):
            loudness = 0.55 if step % 4 == 0 else 0.4
            add(track, start + int(step * beat / 2 * RATE), pluck(chord[string], 1.8, loudness, number * 8 + step))
    melody = [(1, 72), (3, 76), (6, 74), (9, 77), (11, 76), (14, 71), (17, 76), (19, 79), (22, 81), (25, 77), (27, 74), (30, 71)]
    for at, note in melody:
        add(track, int(at * beat * RATE), pluck(note, 2.0, 0.5, 1000 + at))
    write("CustomerHold.wav", track, 0.5)


def customer_queue():
    """Eight bars of electric piano in three, 21.6 s: F, D minor, B flat, C, and home."""
    beat = 0.9
    chords = [[53, 57, 60], [50, 57, 62], [46, 53, 58], [48, 55, 58], [53, 60, 65], [50, 53, 57], [43, 50, 58], [48, 52, 58]]
    line = [72, 69, 74, 77, 74, 70, 72, 76, 70, 69, 65, 67, 69, 74, 72, 70, 67, 64]
    track = [0.0] * int(len(chords) * 3 * beat * RATE)
    for number, chord in enumerate(chords):
        start = int(number * 3 * beat * RATE)
        add(track, start, pad([n + 12 for n in chord], 3.3 * beat, 0.12))
        add(track, start, bell(chord[0] - 12, 2.4, 0.5))
        for step in (1, 2):
            for voice, note in enumerate(chord[1:] + [chord[0] + 12]):
                add(track, start + int((step * beat + 0.02 * voice) * RATE), bell(note, 1.5, 0.2 + 0.03 * step))
    for number, note in enumerate(line):
        at = number * len(track) // len(line) + (RATE // 30 if number % 2 else 0)
        add(track, at, bell(note, 2.0, 0.42))
    write("CustomerQueue.wav", track, 0.5)


def beep():
    """300 ms of 880 Hz with soft edges."""
    count, edge = RATE * 300 // 1000, RATE * 10 // 1000
    write(
        "Beep.wav",
        [
            math.sin(2 * math.pi * 880 * at / RATE) * min(1.0, at / edge, (count - 1 - at) / edge)
            for at in range(count)
        ],
        0.25,
    )


def five_seconds():
    """A rising scale of 5 s exactly, for test lines that end by themselves."""
    track = [0.0] * (5 * RATE)
    for step, note in enumerate([60, 62, 64, 65, 67, 69, 71, 72, 74, 76]):
        add(track, step * RATE // 2, bell(note, 0.49, 0.8))
    write("FiveSeconds.wav", track, 0.4)


def index():
    with open(os.path.join(HERE, "index.toml"), "w", encoding="utf-8") as file:
        file.write("# Which recording speaks which text of a flow, white space aside. Written by make.py.\n")
        for name, text, _ in SPOKEN:
            file.write(f'"{text}" = "{name}"\n')


if __name__ == "__main__":
    for name, text, words in SPOKEN:
        speak(name, words or text)
    customer_hold()
    customer_queue()
    beep()
    five_seconds()
    index()
