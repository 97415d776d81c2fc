"""How long libraries take for the same maps and measures: called as their documentation shows, with our settings."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import io
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import captum.attr
import captum.metrics
import numpy as np
import onnxruntime
import pytorch_grad_cam
import shap
import torch
from captum.attr._utils.lrp_rules import Alpha1_Beta0_Rule, EpsilonRule
from pytorch_grad_cam.metrics.road import ROADMostRelevantFirstAverage
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from core.classifier import Classifier
from core.values import Floats
from explainers._baselines import baseline_image, random_images
from explainers._superpixels import superpixels
from explainers.occlusion import OcclusionParams
from model_zoo.architectures import Head
from tests.attack_peers import TwoClasses

Task = Callable[[], object]

SAMPLES, BATCH, SQUARES, COPIES = 128, 16, 63, 8
SETTINGS: Mapping[str, Mapping[str, Any]] = {  # of ours: fewer passes than by default, the ratios are the same
    "integrated_gradients": {"tolerance": 0.1, "max_steps": 48},
    "kernel_shap": {"samples": SAMPLES},
    "lime": {"samples": SAMPLES},
    "rise": {"masks": SAMPLES},
    "score_cam": {"channels": 2048},  # all that there are, as the library does
    "shap_partition": {"evaluations": SAMPLES},
}


def forward_peers(model: Classifier, x: Tensor) -> Mapping[str, Task]:
    """{library: what gives the logits of x (N, C, h, w)}, with as many threads as torch takes."""
    exported, options = io.BytesIO(), onnxruntime.SessionOptions()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that is to replace this one is a package of its own
        torch.onnx.export(model.network, (x,), exported, dynamo=False, input_names=["x"])
    options.intra_op_num_threads = torch.get_num_threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # into the time of what is timed next
    session = onnxruntime.InferenceSession(exported.getvalue(), options, providers=["CPUExecutionProvider"])

    def network() -> Tensor:
        with torch.no_grad():
            logits: Tensor = model.network(x)
        return logits

    return {"ONNX Runtime": lambda: session.run(None, {"x": x.numpy()}), "the network in torch": network}


def rectified(model: Classifier) -> Classifier:
    """The same with ReLU in place of ReLU6, for which Captum has no rule: it would take the plain gradient there."""
    network = copy.deepcopy(model.network)
    names = {module: name for name, module in model.network.named_modules()}
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.ReLU6):
            network.set_submodule(name, nn.ReLU(module.inplace))
    cam_layer = model.cam_layer and network.get_submodule(names[model.cam_layer])
    return dataclasses.replace(model, network=network, cam_layer=cam_layer, forward_only=None)


def explainer_peers(model: Classifier, x: Tensor) -> Mapping[str, Mapping[str, Task]]:
    """{explainer: {library: what makes the same map of x (1, C, h, w)}}.

    Complete methods are asked for the gap too, as Captum's README does and ours always do.
    """
    two, attr = TwoClasses(model.network), captum.attr
    gap = {"return_convergence_delta": True}
    noise, background = 0.05 * float(x.max() - x.min()), random_images("mixed", x, 9, torch.Generator().manual_seed(0))
    with_rules = copy.deepcopy(model.network)
    for name, layer in list(with_rules.named_modules()):
        if isinstance(layer, nn.Identity):  # Captum takes only what it knows; where nothing drops out, this is the same
            with_rules.set_submodule(name, nn.Dropout(0.0))
    window, stride = OcclusionParams().pixels(x.shape[2])
    channels = x.shape[1]

    def fresh() -> Tensor:
        return x.clone().requires_grad_()

    def noisy(kind: str) -> Task:
        tunnel = attr.NoiseTunnel(attr.Saliency(two))
        given = {"nt_type": kind, "nt_samples": 32, "nt_samples_batch_size": BATCH, "stdevs": noise, "abs": False}
        return lambda: tunnel.attribute(fresh(), target=1, **given)

    def cam(method: Callable[..., Any]) -> Task:
        def make() -> Floats:
            with method(two, [model.cam_layer]) as made:
                heat: Floats = made(fresh(), [ClassifierOutputTarget(1)])
            return heat

        return make

    def score_cam() -> Floats:
        with pytorch_grad_cam.ScoreCAM(two, [model.cam_layer]) as made:
            made.batch_size = BATCH
            with contextlib.redirect_stderr(io.StringIO()):  # its progress
                heat: Floats = made(fresh(), [ClassifierOutputTarget(1)])
        return heat

    def lrp() -> Tensor:
        """Captum drops its rules after each map. The values that it gives for this network are beyond all bounds."""
        for layer in with_rules.modules():
            if isinstance(layer, nn.Conv2d):
                layer.rule = Alpha1_Beta0_Rule()
            elif isinstance(layer, nn.Flatten | Head):
                layer.rule = EpsilonRule()
        heat: Tensor = attr.LRP(with_rules).attribute(fresh(), target=0, **gap)[0]
        return heat

    def on_pieces(method: Callable[..., Any]) -> Task:
        given = {"baselines": baseline_image("blurred", x), "n_samples": SAMPLES, "perturbations_per_eval": BATCH}
        return lambda: method(two).attribute(
            x, target=1, feature_mask=superpixels(x, 49, torch.ones(x.shape[2:], dtype=torch.bool))[None, None], **given
        )

    def grad_cam() -> Tensor:
        heat: Tensor = attr.LayerAttribution.interpolate(
            attr.LayerGradCam(two, model.cam_layer).attribute(fresh(), target=1), tuple(x.shape[2:]), "bilinear"
        )
        return heat

    def occlusion() -> Tensor:
        heat: Tensor = attr.Occlusion(two).attribute(
            x,
            sliding_window_shapes=(channels, window, window),
            strides=(channels, stride, stride),
            baselines=baseline_image("blurred", x),
            target=1,
            perturbations_per_eval=BATCH,
        )
        return heat

    def partition() -> Any:
        picture = x[0].permute(1, 2, 0).numpy()
        masker = shap.maskers.Image("blur(14, 14)", picture.shape)

        def scores(pictures: Floats) -> Floats:
            images = torch.from_numpy(np.asarray(pictures, np.float32)).permute(0, 3, 1, 2).contiguous()
            with torch.no_grad():
                logits: Floats = two(images).numpy()
            return logits

        explainer = shap.Explainer(scores, masker, output_names=["none", "finding"])
        return explainer(picture[None], max_evals=SAMPLES, batch_size=BATCH, outputs=[1], silent=True)

    return {
        "saliency": {"Captum": lambda: attr.Saliency(two).attribute(fresh(), target=1)},
        "input_x_gradient": {"Captum": lambda: attr.InputXGradient(two).attribute(fresh(), target=1)},
        "smoothgrad": {"Captum": noisy("smoothgrad")},
        "smoothgrad_squared": {"Captum": noisy("smoothgrad_sq")},
        "vargrad": {"Captum": noisy("vargrad")},
        "integrated_gradients": {
            "Captum": lambda: attr.IntegratedGradients(two).attribute(x, target=1, n_steps=48, **gap),
            "Captum, in batches of 16": lambda: attr.IntegratedGradients(two).attribute(
                x, target=1, n_steps=48, internal_batch_size=16, **gap
            ),
        },
        "gradient_shap": {
            "Captum": lambda: attr.GradientShap(two).attribute(
                x, background, target=1, n_samples=36, stdevs=0.0, **gap
            ),
            "SHAP": lambda: shap.GradientExplainer(two, background, batch_size=BATCH).shap_values(x, nsamples=36),
        },
        "guided_backprop": {"Captum": lambda: attr.GuidedBackprop(two).attribute(fresh(), target=1)},
        "guided_grad_cam": {
            "Captum": lambda: attr.GuidedGradCam(two, model.cam_layer).attribute(fresh(), target=1),
        },
        "deep_lift": {
            "Captum": lambda: attr.DeepLift(two).attribute(fresh(), baseline_image("blurred", x), target=1, **gap),
        },
        "lrp": {"Captum": lrp},
        "grad_cam": {"pytorch-grad-cam": cam(pytorch_grad_cam.GradCAM), "Captum": grad_cam},
        "grad_cam_plus_plus": {"pytorch-grad-cam": cam(pytorch_grad_cam.GradCAMPlusPlus)},
        "hires_cam": {"pytorch-grad-cam": cam(pytorch_grad_cam.HiResCAM)},
        "layer_cam": {"pytorch-grad-cam": cam(pytorch_grad_cam.LayerCAM)},
        "eigen_cam": {"pytorch-grad-cam": cam(pytorch_grad_cam.EigenCAM)},
        "score_cam": {"pytorch-grad-cam": score_cam},
        "occlusion": {"Captum": occlusion},
        "lime": {"Captum": on_pieces(attr.Lime)},
        "kernel_shap": {"Captum": on_pieces(attr.KernelShap)},
        "shap_partition": {"SHAP": partition},
    }


def measure_peers(model: Classifier, x: Tensor, heats: list[Tensor]) -> Mapping[str, Mapping[str, Task]]:
    """{measure: {library: what says the same of heats (h, w), of which the first is the saliency of x}}."""
    two, faded = TwoClasses(model.network), baseline_image("blurred", x)
    saliency = captum.attr.Saliency(two)

    def covered(inputs: Tensor) -> tuple[Tensor, Tensor]:
        covers = torch.zeros(len(inputs), *x.shape[1:])
        for cover in covers:
            side, top, left = torch.randint(22, 112, (3,)).tolist()
            cover[:, top : top + side, left : left + side] = torch.rand(())
        return covers, inputs.lerp(faded, covers)

    def infidelity() -> None:
        for heat in heats:
            captum.metrics.infidelity(
                two,
                covered,
                x,
                heat.expand_as(x),
                target=1,
                n_perturb_samples=SQUARES,
                max_examples_per_batch=BATCH,
                normalize=True,
            )

    def maps(inputs: Tensor | tuple[Tensor]) -> tuple[Tensor]:
        """Captum asks with a tuple and with a tensor, and wants a tuple: else it broadcasts over the copies."""
        images = inputs[0] if isinstance(inputs, tuple) else inputs
        return (saliency.attribute(images.detach().requires_grad_(), target=1),)

    def road() -> None:
        measure = ROADMostRelevantFirstAverage([10, 20, 30, 40, 50, 70, 90])
        for heat in heats:
            measure(x, heat[None].numpy(), [ClassifierOutputTarget(1)], two)

    return {
        "infidelity": {"Captum": infidelity},
        "max_sensitivity": {
            "Captum": lambda: captum.metrics.sensitivity_max(maps, x, perturb_radius=2 / 255, n_perturb_samples=COPIES)
        },
        "road": {"pytorch-grad-cam": road},
    }
