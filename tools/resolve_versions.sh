#!/usr/bin/env bash
# Check that pip can resolve the pinned requirements for another Python, without installing any.
# usage: tools/resolve_versions.sh 3.12
set -eu
cd "$(dirname "$0")/.."
python_version=$1
target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT
platforms=()
for glibc in 2_17 2_24 2_27 2_28 2_31 2_34 2_35 2014; do
  case $glibc in
    2014) platforms+=(--platform manylinux2014_x86_64) ;;
    *) platforms+=(--platform "manylinux_${glibc}_x86_64") ;;
  esac
done
# What is published as source only pip does not look into for another Python.
grep -vxE 'empy|colcon-common-extensions' requirements/ros.txt > "$target/ros.txt"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --dry-run --ignore-installed \
  --target "$target/site" --only-binary=:all: --python-version "$python_version" "${platforms[@]}" \
  -r "$target/ros.txt" -r requirements/pip.txt -r requirements/datasets.txt -r requirements/test.txt \
  -c requirements/versions.txt -c requirements/versions-wheels.txt
echo "the requirements resolve for Python $python_version"
