"""The commands about recordings and call detail records, as parts of `tingjian`."""

from pathlib import Path
from typing import Annotated

import typer

from app.sealing import new_key
from app.terminal import read_settings

recordings = typer.Typer(help="录音的保存与加密", no_args_is_help=True)
cdr = typer.Typer(help="话单", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="录音所在目录", show_default=False)]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV 文件", show_default=False)]


def watch(folder: Folder) -> None:
    """监视目录：写完的录音（可附同名 .json 或 .csv）自动提交，然后移入 done/ 或 failed/。"""
    from app import ingesting

    ingesting.watch(read_settings(), folder)


@cdr.command("import")
def import_cdr(file: File) -> None:
    """导入话单，供对账与频次检查；重复导入以最后一次为准。"""
    from app import ingesting

    new, known = ingesting.import_cdr(read_settings(), file)
    print(f"新增 {new} 条，更新 {known} 条")


@recordings.command("key")
def make_key() -> None:
    """生成一个录音密钥，放在 TINGJIAN_RECORDING_KEYS 的最前面启用。"""
    print(new_key())


@recordings.command("seal")
def seal() -> None:
    """按当前密钥重新保存全部录音：启用、更换密钥之后运行；完成前保留旧密钥。"""
    from app import ingesting

    raise typer.Exit(0 if ingesting.reseal(read_settings()) else 1)
