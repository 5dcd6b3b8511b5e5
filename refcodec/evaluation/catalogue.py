"""The measures by name: what each is called, its unit, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of reconstructions.

    `label` has its unit, `digits` is how many decimals are worth printing, and `says` what it
    compares and by what method.
    """

    name: str
    label: str
    digits: int
    higher_is_better: bool
    says: str


BASIC = (
    Measure("psnr", "PSNR (dB)", 2, True, "samples of R, G and B; needs no model"),
    Measure("ssim", "SSIM", 4, True, "structure in windows of 11 x 11 (Wang et al. 2004), RGB"),
    Measure("ms-ssim", "MS-SSIM", 4, True, "the same at five scales (Wang et al. 2003), RGB"),
)
OF_TEXTS = (
    Measure("word-f1", "Word F1", 3, True, "words that two descriptions share"),
    Measure("rouge-l", "ROUGE-L", 3, True, "words that they share in the same order (Lin 2004)"),
    Measure("chrf", "chrF", 3, True, "runs of 1 to 6 characters that they share (Popovic 2015)"),
)
LEARNED = (
    Measure("lpips", "LPIPS", 4, False, "learned patch similarity (Zhang et al. 2018)"),
    Measure("dists", "DISTS", 4, False, "structure and texture in VGG features (Ding et al. 2020)"),
    Measure("vif", "VIF", 4, True, "visual information fidelity (Sheikh and Bovik 2006)"),
    Measure("clip", "CLIP pictures", 4, True, "cosine of the pictures' CLIP embeddings"),
    Measure("clip-text", "CLIP text", 4, True, "cosine of reconstruction and description in CLIP"),
    Measure("clip-texts", "CLIP texts", 4, True, "cosine of the two descriptions in CLIP"),
    Measure("clip-iqa", "CLIP-IQA", 4, True, "good or bad photo, asked of CLIP (Wang et al. 2023)"),
    Measure("arniqa", "ARNIQA", 4, True, "quality without reference (Agnolucci et al. 2024)"),
)
OF_SETS = (
    Measure("fid", "FID", 3, False, "distance of the sets in Inception features (Heusel 2017)"),
    Measure("fid-clip", "FD CLIP", 5, False, "the same in CLIP features (Kynkaanniemi 2023)"),
)
OPTIONAL = {measure.name: measure for measure in (*LEARNED, *OF_SETS)}
ALL = (*BASIC, *OF_TEXTS, *LEARNED, *OF_SETS)

# The networks that LPIPS was fitted on, and the data that ARNIQA was; the first is the default.
LPIPS_NETS = ("alex", "vgg", "squeeze")
ARNIQA_DATASETS = ("koniq10k", "kadid10k")
