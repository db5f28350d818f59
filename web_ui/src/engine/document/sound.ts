/** A short tone, made here: nothing is loaded. High = taken, low and longer = not found. */
let audio: AudioContext | null = null

export function beep(good: boolean): void {
  try {
    audio ??= new AudioContext()
    const tone = audio.createOscillator()
    const loud = audio.createGain()
    const length = good ? 0.07 : 0.28
    tone.frequency.value = good ? 1560 : 260
    tone.type = good ? 'sine' : 'square'
    loud.gain.setValueAtTime(good ? 0.12 : 0.08, audio.currentTime)
    loud.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + length)
    tone.connect(loud).connect(audio.destination)
    tone.start()
    tone.stop(audio.currentTime + length)
  } catch { /* a machine without sound works all the same; the words on screen say it too */ }
}
