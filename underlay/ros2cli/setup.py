from pathlib import Path

from setuptools import find_packages, setup

package_name = 'ros2cli'

setup(
    name=package_name,
    version='0.32.0',
    packages=find_packages(exclude=['test']),
    package_data={package_name: ['entry_points.txt']},
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
    ],
    install_requires=['setuptools'],
    zip_safe=False,
    maintainer='vla maintainers',
    maintainer_email='maintainers@example.com',
    description='The ros2 command and its verbs, without a daemon.',
    license='Apache-2.0',
    entry_points=(Path(__file__).parent / package_name / 'entry_points.txt').read_text(),
)
