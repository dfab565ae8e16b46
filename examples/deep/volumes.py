"""Synthetic lesions: cubes of 64^3 voxels of 1 mm around a liver metastasis, and what each was made from.

The recipe is that of the crate `demo/` (its `lesion.rs`, `latents.rs`, `outcome.rs`), written for a cube instead of a whole
scan: no voxel comes from a patient. Axes run left, posterior, superior (LPS), in Hounsfield units.
"""
import numpy as np

SIZE = 64
LATENTS = ["size", "heterogeneity", "coarseness", "irregularity", "rim", "necrosis"]
TARGETS = LATENTS + ["log_volume", "risk"]


def smoothed(rng, sigma):
    """A Gaussian random field of mean 0 and standard deviation 1; `sigma` of its smoothing, mm along each axis."""
    field = np.fft.rfftn(rng.standard_normal((SIZE,) * 3).astype(np.float32))
    return _blur(field, sigma, True)


def _blur(spectrum, sigma, unit_variance=False):
    frequencies = [np.fft.fftfreq(SIZE), np.fft.fftfreq(SIZE), np.fft.rfftfreq(SIZE)]
    for axis, (f, s) in enumerate(zip(frequencies, np.broadcast_to(sigma, 3))):
        shape = [1, 1, 1]
        shape[axis] = -1
        spectrum = spectrum * np.exp(-2 * (np.pi * f * s) ** 2).reshape(shape)
    out = np.fft.irfftn(spectrum, (SIZE,) * 3).astype(np.float32)
    return out / out.std() if unit_variance else out


class Lesion:
    """A stretched sphere whose radius is modulated by waves over the sphere."""

    def __init__(self, rng, centre, radius, irregularity):
        self.centre, self.radius, self.irregularity = centre, radius, irregularity
        x, y = rng.uniform(0.88, 1.14, 2)
        self.stretch = np.array([x, y, 1 / (x * y)])
        directions = rng.standard_normal((12, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        self.waves = directions * rng.uniform(2, 6.5, (12, 1))
        self.phases = rng.uniform(0, 2 * np.pi, 12)

    def local(self, points):
        """Distance from the centre, and the surface's radius in that direction."""
        offset = (points - self.centre) / self.stretch
        distance = np.linalg.norm(offset, axis=-1)
        direction = (offset / np.maximum(distance, 1e-6)[..., None]).astype(np.float32)
        bump = sum(np.cos(direction @ w.astype(np.float32) + np.float32(p)) for w, p in zip(self.waves, self.phases))
        share = np.clip(1 + self.irregularity * bump * np.sqrt(2 / 12), 0.4, 1.7)
        return distance, self.radius * share


def ramp(x, low, high):
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def paint(volume, rng, points, lesion, latents, liver_hu):
    """Paints a lesion into the volume; gives its voxels."""
    distance, surface = lesion.local(points)
    texture = smoothed(rng, 2.8 * np.exp(0.25 * latents["coarseness"]))
    hu = max(liver_hu - rng.uniform(32, 50), 50)
    depth = (surface - distance - 2.5) / 2
    core = rng.uniform(0.35, 0.6)
    density = (hu + 12 * np.exp(0.45 * latents["heterogeneity"]) * texture
               + 9 * np.exp(0.4 * latents["rim"]) * np.exp(-depth * depth)
               - 10 * np.exp(0.4 * latents["necrosis"]) * (1 - ramp(distance / surface, core - 0.15, core + 0.15)))
    share = np.clip(0.5 - (distance - surface) / 2, 0, 1)
    volume += (density - volume) * share
    return int((distance <= surface).sum())


def draw_latents(rng):
    return dict(zip(LATENTS, rng.standard_normal(len(LATENTS))))


def lesion_of(rng, centre, latents):
    diameter = np.clip(32 * np.exp(0.36 * latents["size"]), 22, 80)
    return Lesion(rng, centre, diameter / 2, min(0.09 * np.exp(0.4 * latents["irregularity"]), 0.22))


def make(seed, number):
    """One cube (int16 Hounsfield units, indexed [left, posterior, superior]) and its targets."""
    rng = np.random.default_rng([seed, number])
    axis = np.arange(SIZE, dtype=np.float32) - SIZE / 2
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)
    liver_hu = np.clip(rng.normal(116, 5.5), 107, 127) - 10 * (rng.random() < 0.25)
    volume = liver_hu + 4 * smoothed(rng, 4)
    for _ in range(rng.integers(2, 6)):  # vessels
        way = rng.standard_normal(3)
        way /= np.linalg.norm(way)
        offset = points - rng.uniform(-28, 28, 3)
        away = np.linalg.norm(offset - (offset @ way)[..., None] * way, axis=-1)
        volume += (liver_hu + 40 - volume) * np.clip(0.5 - (away - rng.uniform(1, 4)) / 2, 0, 1)
    if rng.random() < 0.4:  # another, smaller lesion
        other = draw_latents(rng)
        other["size"] -= 1
        paint(volume, rng, points, lesion_of(rng, rng.uniform(-30, 30, 3), other), other, liver_hu)
    latents = draw_latents(rng)
    voxels = paint(volume, rng, points, lesion_of(rng, rng.uniform(-2, 2, 3), latents), latents, liver_hu)
    # The liver's border: fat behind it, then bone or lung.
    normal = rng.standard_normal(3)
    normal /= np.linalg.norm(normal)
    depth = points @ normal - rng.uniform(14, 60)
    fat = rng.uniform(4, 14)
    volume += (-100 + 12 * smoothed(rng, 3) - volume) * np.clip(0.5 + depth / 2, 0, 1)
    beyond = rng.choice([350.0, -850.0])
    volume += (beyond - volume) * np.clip(0.5 + (depth - fat) / 2, 0, 1)
    # The scanner: slices of some thickness, a point spread within them, noise of the same grain.
    spread = [rng.uniform(0.4, 0.8)] * 2 + [rng.uniform(0.5, 2.0)]
    volume = _blur(np.fft.rfftn(volume), spread) + rng.uniform(6, 10) * smoothed(rng, [0.6, 0.6, spread[2]])
    log_volume = np.log(voxels / 15000)
    risk = 1.2 * latents["heterogeneity"] + 0.5 * log_volume
    targets = [latents[name] for name in LATENTS] + [log_volume, risk]
    return np.clip(np.rint(volume), -1024, 3071).astype(np.int16), np.array(targets, np.float32)
