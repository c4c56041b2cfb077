from setuptools import find_packages, setup

package_name = 'vla_cameras'
commands = [
    'calibrate_intrinsics', 'calibrate_hand_eye', 'calibrate_delay', 'check_projection',
    'check_streams',
]
sources = ['v4l2', 'video_file', 'image_folder', 'stream', 'simulated']

setup(
    name=package_name,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
    ],
    install_requires=['setuptools'],
    zip_safe=True,
    maintainer='vla maintainers',
    maintainer_email='maintainers@example.com',
    description='Camera nodes and calibration.',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            'camera_node = vla_cameras:main',
            *(f'{name} = vla_cameras.commands.{name}:main' for name in commands),
        ],
        'vla_cameras.sources': [
            f'{name} = vla_cameras.sources.{name}:CameraSource' for name in sources],
    },
)
