"""A container image made on the spot, as an archive that containerd imports: no registry, no other tool."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDERS = ("bin", "etc", "proc", "sys", "dev", "tmp", "root")
APPLETS = (
    "sh", "ash", "sleep", "echo", "cat", "ls", "true", "false", "date", "seq", "yes", "dd", "kill", "ps", "env",
    "id", "head", "tail", "grep", "tee", "mkdir", "rm", "cp", "mv", "tar", "wc", "hostname", "wget", "nc", "test",
    "printf",
)  # fmt: skip


def busybox_image(reference: str, busybox: Path, entrypoint: Sequence[str] = ()) -> bytes:
    """An image of busybox alone, with its applets as links in /bin."""
    links = {f"bin/{applet}": "busybox" for applet in APPLETS}
    return image_archive(reference, {"bin/busybox": busybox.read_bytes()}, links, entrypoint)


def image_archive(
    reference: str, files: Mapping[str, bytes], links: Mapping[str, str], entrypoint: Sequence[str]
) -> bytes:
    """An image of one layer in the OCI image layout, as a tar: executable files, symbolic links, FOLDERS."""
    layer = tar(layer_entries(files, links))
    config = encoded(
        architecture="amd64",
        os="linux",
        config={"Entrypoint": list(entrypoint), "Env": ["PATH=/bin"], "WorkingDir": "/"},
        rootfs={"type": "layers", "diff_ids": [digest(layer)]},
    )
    manifest = encoded(
        schemaVersion=2,
        mediaType=media_type("manifest.v1+json"),
        config=described(config, "config.v1+json"),
        layers=[described(layer, "layer.v1.tar")],
    )
    named = described(manifest, "manifest.v1+json")
    named["annotations"] = {"io.containerd.image.name": reference}
    index = encoded(schemaVersion=2, manifests=[named])
    return tar(layout_entries(index, layer, config, manifest))


def layout_entries(index: bytes, *blobs: bytes) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    yield file_entry("oci-layout", encoded(imageLayoutVersion="1.0.0"))
    yield file_entry("index.json", index)
    for blob in blobs:
        yield file_entry(f"blobs/{digest(blob).replace(':', '/')}", blob)


def layer_entries(
    files: Mapping[str, bytes], links: Mapping[str, str]
) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    for name in FOLDERS:
        folder = tarfile.TarInfo(name)
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
        yield folder, b""
    for name, data in files.items():
        yield file_entry(name, data)
    for name, target in links.items():
        link = tarfile.TarInfo(name)
        link.type, link.linkname = tarfile.SYMTYPE, target
        yield link, b""


def file_entry(name: str, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o755
    return entry, data


def tar(entries: Iterator[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for entry, data in entries:
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def described(blob: bytes, kind: str) -> dict[str, Any]:
    return {"mediaType": media_type(kind), "digest": digest(blob), "size": len(blob)}


def media_type(kind: str) -> str:
    return f"application/vnd.oci.image.{kind}"


def digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def encoded(**content: Any) -> bytes:
    return json.dumps(content).encode()
