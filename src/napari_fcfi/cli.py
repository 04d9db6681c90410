"""The command line: open napari on an image, segment without a window, look at models.

Everything heavy (torch, napari, Qt) is imported inside the command that needs it, so that
``napari-fcfi --help`` answers at once and each command works without what only others need.
"""

from __future__ import annotations

import inspect
import json
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_fcfi.settings import Settings

if TYPE_CHECKING:
    import napari
    import numpy as np

logger = logging.getLogger(__name__)

COMMANDS = ("open", "segment", "models")
TIFF_SUFFIXES = (".tif", ".tiff")
LABEL = 1
NO_DISPLAY = (
    "a window needs a display, and none was found: start it on a desktop or under xvfb-run, "
    "or use `napari-fcfi segment`, which needs no window."
)
NO_MEMORY = (
    "there is not enough memory: close other programs; `segment` needs less with a smaller "
    "--zoom-size, and none of a GPU's with --device cpu."
)
# A new file holds no other labels that could be protected.
WITHOUT_EFFECT_IN_A_NEW_FILE = frozenset({"overwrite"})

app = typer.Typer(
    help="Click on an object and get its mask; each further click corrects it. "
    "`napari-fcfi IMAGE` opens napari on the image with the panel docked.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # an error is one line, not a box that cuts it into several
)
models = typer.Typer(
    help="List the models at hand, look into one, or convert a released one.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(models, name="models")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process.

    Parameters
    ----------
    arguments
        What stands after the program's name; by default what this process was started with.
    """
    given = sys.argv[1:] if arguments is None else arguments
    try:
        app(args=with_command(given), prog_name="napari-fcfi")
    except (ValueError, OSError, ImportError) as error:
        logger.debug("The command failed.", exc_info=True)
        sys.exit(f"napari-fcfi: {error}")
    except (MemoryError, RuntimeError) as error:
        from napari_fcfi.inference.errors import is_memory_short

        if not is_memory_short(error):
            raise
        logger.debug("The command failed.", exc_info=True)
        sys.exit(f"napari-fcfi: {NO_MEMORY}")


def with_command(arguments: Sequence[str]) -> list[str]:
    """The arguments with the command ``open`` in front where none is named.

    Notes
    -----
    An image whose name is that of a command is opened by ``napari-fcfi open segment``.
    """
    if arguments and (arguments[0] in COMMANDS or arguments[0].startswith("-")):
        return list(arguments)
    return ["open", *arguments]


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """The command with one option per field of `Settings` in the place of its ``**settings``."""
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    parameters = [*own, *settings_options()]
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


def settings_options() -> list[inspect.Parameter]:
    """One keyword parameter per setting, with its range, default and description for typer."""
    options = []
    for name, field in Settings.model_fields.items():
        if name in WITHOUT_EFFECT_IN_A_NEW_FILE:
            continue
        lower = next((m.ge for m in field.metadata if hasattr(m, "ge")), None)
        upper = next((m.le for m in field.metadata if hasattr(m, "le")), None)
        option = typer.Option(help=field.description, min=lower, max=upper)
        options.append(
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=Annotated[field.annotation, option],
            )
        )
    return options


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("napari-fcfi"))
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@app.command("open")
def open_images(
    images: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[IMAGE]...", exists=True, help="Files that napari opens first."),
    ] = None,
) -> None:
    """Open napari with the panel docked, on these images if there are any."""
    napari = _import_napari()
    if not has_display():
        raise OSError(NO_DISPLAY)
    viewer = napari.Viewer()
    for path in images or ():
        _open(viewer, path)
    viewer.window.add_plugin_dock_widget("napari-fcfi")
    napari.run()


def _import_napari() -> Any:
    try:
        import napari
        import qtpy.QtWidgets  # noqa: F401 - fails where there is no Qt binding
    except ImportError as error:
        message = 'a window needs napari with a Qt binding: pip install "napari-fcfi[all]".'
        raise ImportError(message) from error
    return napari


def has_display() -> bool:
    """Whether a window can be opened; where it cannot, Qt would end the process."""
    return sys.platform != "linux" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def _open(viewer: napari.Viewer, path: Path) -> None:
    # Named readers keep napari from asking which of two TIFF readers to take.
    reader = "napari-fcfi" if path.suffix.lower() in TIFF_SUFFIXES else None
    try:
        viewer.open(path, plugin=reader)
    except Exception as error:  # a reader of any plugin may raise anything
        raise OSError(f"{path} could not be opened: {error}") from error


@app.command("segment")
@with_settings
def segment(
    context: typer.Context,
    image: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="Picture: (H, W) or colour.")
    ],
    click: Annotated[
        list[str],
        typer.Option(
            metavar="Y,X[,bg]",
            help="Position in pixels, `bg` for a click on background; repeat for further clicks.",
        ),
    ],
    output: Annotated[Path, typer.Option(help="Label image to write: .tif, .tiff or .png.")],
    model: Annotated[str, typer.Option(help="Name or path of a model.")] = "fcfi-lite",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over a file that is there already.")
    ] = False,
    **settings: Any,
) -> None:
    """Segment one object by its clicks, in their order, and write it as label 1."""
    clicks = [parse_click(text) for text in click]
    if not any(foreground for _, _, foreground in clicks):
        message = "expected a click on the object; got clicks on background alone: add one."
        raise typer.BadParameter(message, param_hint="--click")
    check_output(output, image, replace=replace)
    picture = read_picture(image)
    # Late: torch takes seconds, and wrong arguments should not wait for it.
    from napari_fcfi import Interaction, load_model

    # What is not named is left to the protocol, whose own values differ.
    named = {name: value for name, value in settings.items() if _is_named(context, name)}
    interaction = Interaction(load_model(model, device=device), picture, settings=Settings(**named))
    for y, x, foreground in clicks:
        mask = interaction.click(y, x, foreground=foreground)
    write_labels(output, mask)
    count = f"{len(clicks)} click{'' if len(clicks) == 1 else 's'}"
    typer.echo(f"{count} · {int(mask.sum())} px · {output}")


def _is_named(context: typer.Context, option: str) -> bool:
    source = context.get_parameter_source(option)
    return source is not None and source.name != "DEFAULT"


def parse_click(text: str) -> tuple[float, float, bool]:
    """Position and sign of a click written as ``Y,X`` or ``Y,X,bg`` (``fg`` is allowed too).

    Returns
    -------
    tuple
        ``y`` and ``x`` in pixels of the image, and whether it is a foreground click.

    Raises
    ------
    typer.BadParameter
        When the text is nothing of the kind.
    """
    position, sign = text.split(",")[:2], text.split(",")[2:]
    try:
        y, x = (float(number) for number in position)
    except ValueError:
        sign = ["?"]
    if sign not in ([], ["fg"], ["bg"]):
        message = f"expected Y,X or Y,X,bg in pixels, such as 120,85,bg; got {text!r}."
        raise typer.BadParameter(message, param_hint="--click")
    return y, x, sign != ["bg"]


def check_output(path: Path, image: Path, *, replace: bool = False) -> None:
    """Nothing, if labels can be written to a file of this name.

    Raises
    ------
    typer.BadParameter
        When the suffix is none of ours, the folder is not there, the file is the image, or there
        is one that shall not be replaced.
    """
    if path.resolve() == image.resolve():
        message = "expected a file of its own for the labels; got the image: choose another name."
        raise typer.BadParameter(message, param_hint="--output")
    if path.suffix.lower() not in (*TIFF_SUFFIXES, ".png"):
        message = f"expected a name that ends in .tif, .tiff or .png; got {path.name!r}."
        raise typer.BadParameter(message, param_hint="--output")
    if not path.absolute().parent.is_dir():
        message = f"the folder {path.parent} does not exist: make it, or choose another."
        raise typer.BadParameter(message, param_hint="--output")
    if path.exists() and not replace:
        message = f"{path} is there already: choose another name, or add --replace."
        raise typer.BadParameter(message, param_hint="--output")


def read_picture(path: Path) -> np.ndarray[Any, Any]:
    """The picture in a file, as it is: ``(H, W)`` or ``(H, W, C)``.

    Raises
    ------
    ValueError
        When the file is no picture that can be read, or the first one of a TIFF file is a stack.
    """
    import tifffile
    from skimage.io import imread

    from napari_fcfi.inference.errors import InputError
    from napari_fcfi.inference.field import check_image

    try:
        if path.suffix.lower() in TIFF_SUFFIXES:
            with tifffile.TiffFile(path) as file:
                check_image(file.series[0])  # a stack is refused before it is read
                picture = file.asarray()
        else:
            picture = imread(path)
        if picture.size == 0:
            raise ValueError("there are no pixels in it")
    except InputError:
        raise
    except Exception as error:  # readers of pictures raise anything on a damaged file
        raise ValueError(f"{path} could not be read as a picture: {error}.") from error
    return picture


def write_labels(path: Path, mask: np.ndarray[Any, Any]) -> None:
    """Write a mask as labels, `LABEL` where it is true, 0 elsewhere; the file appears whole.

    Parameters
    ----------
    path
        A name that `check_output` lets pass.
    mask
        ``(H, W)`` bool.
    """
    import numpy as np
    import tifffile
    from skimage.io import imsave

    labels = mask.astype(np.uint8) * np.uint8(LABEL)
    with tempfile.TemporaryDirectory(dir=path.absolute().parent) as folder:
        unfinished = Path(folder) / path.name
        if path.suffix.lower() in TIFF_SUFFIXES:
            tifffile.imwrite(unfinished, labels, compression="zlib")
        else:
            imsave(unfinished, labels, check_contrast=False)
        unfinished.replace(path)


@models.command("list")
def list_models() -> None:
    """Name the models at hand."""
    from napari_fcfi.checkpoints import available_models

    for name in available_models():
        typer.echo(name)


@models.command("inspect")
def inspect_model(
    model: Annotated[str, typer.Argument(help="Name or path of a model.")],
) -> None:
    """Show a model's card: architecture, terms, data, figures; its file's size and hash."""
    from napari_fcfi.checkpoints import inspect_checkpoint

    typer.echo(json.dumps(inspect_checkpoint(model), indent=2, ensure_ascii=False))


@models.command("convert")
def convert_model(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", exists=True, dir_okay=False, help="Checkpoint of the authors: .pth."
        ),
    ],
    output: Annotated[Path, typer.Argument(metavar="OUT", help="File to write: .safetensors.")],
) -> None:
    """Write a released checkpoint as one of ours, with its card beside it as JSON."""
    from napari_fcfi.checkpoints import convert_checkpoint

    card, sha256 = convert_checkpoint(source, output)
    typer.echo(f"{card.architecture.name} · {output} · SHA-256 {sha256}")
    typer.echo(card.terms)
