from setuptools import find_packages, setup

package_name = 'vla_hardware'

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
    description='One hardware interface and its plug-ins. No ROS in the interface.',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            'check_robot = vla_hardware.check_robot:main',
            'ros2_control_bridge = vla_hardware.ros2_control:main',
        ],
        'vla_hardware.plugins': [
            'aloha = vla_hardware.aloha:AlohaHardware',
            'franka = vla_hardware.franka:FrankaHardware',
            'sim = vla_hardware.sim:SimulatedHardware',
            'ur = vla_hardware.ur:UniversalRobot',
        ],
    },
)
